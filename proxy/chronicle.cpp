#include "proxy/chronicle.hpp"

#include "discovery/journal_json.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace cardea::proxy {

Chronicle::Chronicle(const config::Journal& settings, observe::Log& log)
    : settings_(settings), log_(log), journal_(settings.entries, std::chrono::system_clock::now()) {
    if (settings_.path.empty()) {
        return;
    }
    std::vector<discovery::JournalEntry> entries;
    std::size_t damaged = 0;
    for (const auto& line : observe::LineFile::read(settings_.path, settings_.entries)) {
        auto entry = line.empty() ? config::Result<discovery::JournalEntry>(config::failure("empty")) : discovery::parse_entry(line);
        if (entry) {
            entries.push_back(std::move(*entry));
        } else {
            ++damaged;
        }
    }
    log_.info("journal_read", {{"file", settings_.path}, {"entries", entries.size()}, {"damaged", damaged}});
    journal_.restore(std::move(entries));
    open_file();
}

void Chronicle::open_file() {
    if (file_) {
        lost_before_ += file_->lost();
        file_.reset();
    }
    if (settings_.path.empty()) {
        return;
    }
    auto opened = observe::LineFile::open(settings_.path, settings_.file_size);
    if (!opened) {
        log_.error("journal_not_written", {{"why", opened.error().what}});
        return;
    }
    file_ = std::move(*opened);
}

void Chronicle::add(discovery::JournalEntry entry) {
    const auto& kept = journal_.add(std::move(entry));
    if (file_) {
        file_->append(discovery::entry_json(kept));
    }
    if (told_) {
        told_();
    }
}

void Chronicle::follow(const config::Journal& settings) {
    const bool other_file = settings.path != settings_.path || settings.file_size != settings_.file_size;
    settings_ = settings;
    journal_.set_entries_max(settings_.entries);
    if (other_file) {
        open_file();
    }
}

std::uint64_t Chronicle::lost() const {
    return lost_before_ + (file_ ? file_->lost() : 0);
}

}  // namespace cardea::proxy
