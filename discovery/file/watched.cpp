#include "discovery/file/watched.hpp"

#include "discovery/facts.hpp"
#include "discovery/file/lines.hpp"
#include "discovery/make_provider.hpp"

#include <utility>

namespace cardea::file {

Watched::Watched(std::string path) : path_(std::move(path)), source_("file:" + path_) {}

discovery::Actions Watched::step(const discovery::Event& event, config::TimePoint /*now*/) {
    discovery::Actions actions;
    if (const auto* file = std::get_if<discovery::FileChanged>(&event); file != nullptr && file->path == path_) {
        changed(*file, actions);
    }
    return actions;
}

void Watched::changed(const discovery::FileChanged& file, discovery::Actions& actions) {
    discovery::SourceStatus status{.connected = !file.missing, .synced = true};
    if (file.missing) {
        ++times_missing_;
        status.last_error = "no such file";
        status.notes.push_back(path_ + ": no such file" + (published_ ? ", its last endpoints stay" : ""));
    } else {
        const Lines lines = read_lines(path_, file.content);
        std::vector<discovery::Fact> facts;
        facts.reserve(lines.endpoints.size());
        for (const config::StaticEndpoint& endpoint : lines.endpoints) {
            facts.push_back(discovery::written_fact(source_, path_, endpoint));
        }
        discovery::sort_by_key(facts);
        const bool believable = !facts.empty() || lines.notes.empty();  // not one good line: half written, or another file
        if (believable && (!published_ || facts != facts_)) {
            facts_ = std::move(facts);
            published_ = true;
            actions.emplace_back(discovery::Publish{.query = path_, .facts = facts_, .cause = "file changed"});
        }
        lines_refused_ = lines.notes.size();
        status.notes = lines.notes;
    }
    if (times_missing_ > 0) {
        status.errors["missing"] = times_missing_;
    }
    if (lines_refused_ > 0) {
        status.skipped["bad line"] = lines_refused_;
    }
    actions.emplace_back(std::move(status));
}

}  // namespace cardea::file

namespace cardea::discovery {

std::unique_ptr<Provider> make_file(const std::string& path) {
    return std::make_unique<file::Watched>(path);
}

}  // namespace cardea::discovery
