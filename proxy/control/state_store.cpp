#include "proxy/control/state_store.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <utility>

namespace cardea::control {

namespace {

using namespace std::chrono_literals;

constexpr config::Duration write_every = 5s;
/// Consul's addresses belong to machines: a day. An engine's belong to whoever started last: a minute, and not after a boot.
constexpr config::Duration consul_max_age = 24h, docker_max_age = 60s;
constexpr config::Duration consul_confirm = 5min, docker_confirm = 20s;

std::string settings_text(const config::ConsulSource& source) {
    std::string text;
    for (const config::Address& address : source.addresses) {
        text += (text.empty() ? "" : " ") + config::to_string(address);
    }
    return text + (source.datacenter.empty() ? "" : " dc=" + source.datacenter);
}

/// `consul:dc1` -> `consul-dc1.last-good`
std::string file_name(std::string_view source) {
    const std::size_t colon = source.find(':');
    return config::percent_encode(source.substr(0, colon)) + "-" + config::percent_encode(source.substr(colon + 1)) + ".last-good";
}

}  // namespace

StateStore::StateStore(Loop& loop, config::Files& files, std::string directory, observe::Log* log)
    : files_(files), directory_(std::move(directory)), log_(log), alive_(std::make_shared<bool>(true)) {
    if (!directory_.empty()) {
        writer_ = std::make_unique<StateWriter>(
            [this, &loop, alive = std::weak_ptr<bool>(alive_)](const std::string& path, const std::string& error) {
                loop.post([this, alive, path, error] {
                    if (!alive.expired()) {
                        on_written(path, error);
                    }
                });
            });
    }
}

StateStore::~StateStore() = default;

void StateStore::recall(const config::Config& config, config::WallTime now, const Recall& recall) {
    if (!writer_) {
        return;
    }
    const auto add = [&](const std::string& source, const std::string& settings, bool engine) {
        auto [found, fresh] = memories_.try_emplace(source);
        Memory& memory = found->second;
        if (!fresh && memory.owner.settings == settings) {
            return;
        }
        memory = Memory{.path = directory_ + "/" + file_name(source), .owner = {source, settings, {}}};
        memory.max_age = engine ? docker_max_age : consul_max_age;
        memory.confirm_every = engine ? docker_confirm : consul_confirm;
        if (engine) {
            memory.owner.boot = std::string{config::trim(files_.read("/proc/sys/kernel/random/boot_id").value_or(""))};
        }
        if (recall) {
            read(source, memory, now, recall);
        }
    };
    for (const config::ConsulSource& source : config.discovery.consul) {
        add("consul:" + source.name, settings_text(source), false);
    }
    for (const config::DockerSource& source : config.discovery.docker) {
        add("docker:" + source.name, config::to_string(source.endpoint), true);
    }
}

void StateStore::read(const std::string& source, Memory& memory, config::WallTime now, const Recall& recall) {
    const auto found = files_.glob(memory.path);
    if (found && found->empty()) {
        return;  // the first start
    }
    const auto content = files_.read(memory.path);
    auto queries = content ? discovery::read_last_good(*content, memory.owner, now, memory.max_age) : tl::make_unexpected(content.error());
    if (!queries) {
        if (log_ != nullptr) {
            log_->warning("state_ignored", {{"file", memory.path}, {"why", queries.error().what}});
        }
        return;
    }
    std::size_t endpoints = 0;
    for (auto& [query, recalled] : *queries) {
        memory.recalled[query] = {discovery::remember_query(query, recalled.facts), recalled.confirmed};
        memory.kept.insert(query);
        endpoints += recalled.facts.size();
        recall(source, query, std::move(recalled.facts));
    }
    recalled_.insert(source);
    if (log_ != nullptr) {
        log_->info("state_restored", {{"source", source}, {"queries", queries->size()}, {"endpoints", endpoints}});
    }
}

void StateStore::forget_others(const std::set<std::string>& sources,
                               const std::function<bool(const std::string&, const std::string&)>& asked) {
    std::erase_if(memories_, [&sources](const auto& item) { return !sources.contains(item.first); });
    for (auto& [source, memory] : memories_) {
        for (const std::string& query : std::set<std::string>(memory.kept)) {
            if (!asked(source, query)) {
                memory.kept.erase(query);
                memory.changed.erase(query);
                memory.dropped.insert(query);
            }
        }
    }
}

void StateStore::said(std::string_view source, const std::string& query) {
    if (const auto memory = memories_.find(std::string{source}); memory != memories_.end()) {
        memory->second.changed.insert(query);
    }
}

void StateStore::tend(const Now& now, const Truth& truth) {
    for (auto& [source, memory] : memories_) {
        const bool confirm = memory.written && now.steady - *memory.written >= memory.confirm_every;
        const bool rested = !memory.written || now.steady - *memory.written >= write_every;
        if (rested && (!memory.changed.empty() || !memory.dropped.empty() || confirm)) {
            write(source, memory, now, truth, confirm);
        }
    }
}

void StateStore::flush(const Now& now, const Truth& truth) {
    for (auto& [source, memory] : memories_) {
        write(source, memory, now, truth, true);
    }
}

void StateStore::write(const std::string& source, Memory& memory, const Now& now, const Truth& truth, bool confirm) {
    if (left_) {
        return;
    }
    StateWriter::Update update{.owner = memory.owner, .dropped = std::exchange(memory.dropped, {}), .now = now.wall};
    for (const std::string& query : std::set<std::string>(memory.changed)) {
        if (const auto* const facts = truth.facts(source, query)) {  // else later: what is doubtful keeps its former line
            update.said[query] = *facts;
            memory.changed.erase(query);
            memory.kept.insert(query);
        }
    }
    if (confirm && truth.connected(source)) {
        for (const std::string& query : memory.kept) {
            if (!memory.changed.contains(query) && !update.said.contains(query) && truth.facts(source, query) != nullptr) {
                update.confirmed.insert(query);
            }
        }
    }
    if (update.said.empty() && update.confirmed.empty() && update.dropped.empty()) {
        return;
    }
    update.recalled = std::exchange(memory.recalled, {});
    memory.written = now.steady;
    writer_->write(memory.path, std::move(update));
}

void StateStore::on_written(const std::string& path, const std::string& error) {
    std::string& known = failures_[path];
    if (known != error && log_ != nullptr) {
        if (error.empty()) {
            log_->info("state_written_again", {{"file", path}});
        } else {
            log_->warning("state_not_written", {{"file", path}, {"why", error}});
        }
    }
    known = error;
}

std::vector<std::string> StateStore::problems() const {
    std::vector<std::string> problems;
    for (const auto& [path, error] : failures_) {
        if (!error.empty()) {
            problems.push_back("the state cannot be kept: " + error);
        }
    }
    return problems;
}

}  // namespace cardea::control
