#include "discovery/consul/machine.hpp"

#include "discovery/query.hpp"

#include <algorithm>
#include <utility>

namespace cardea::consul {

namespace {

using namespace std::chrono_literals;

constexpr config::Duration wait_when_crowded = 500ms;  ///< more watches than connections: short turns for all
constexpr std::string_view own_service = "consul";     ///< the servers themselves, always registered

bool local(const config::Address& address) {
    using Kind = config::Address::Kind;
    return address.kind == Kind::unix_path || (address.kind == Kind::ip && address.ip.loopback()) ||
           (address.kind == Kind::name && address.name == "localhost");
}

std::string_view kind_text(Outcome::Kind kind) {
    switch (kind) {
        case Outcome::Kind::good:
            return "none";
        case Outcome::Kind::failed:
            return "no good answer";
        case Outcome::Kind::denied:
            return "denied";
        case Outcome::Kind::bad_request:
            return "bad request";
        case Outcome::Kind::throttled:
            return "throttled";
    }
    return "";
}

}  // namespace

Machine::Machine(const config::ConsulSource& source, discovery::TokenReader read_token, std::uint64_t seed)
    : settings_(source), read_token_(std::move(read_token)), seed_(seed), reach_(agents(), seed), pulse_(agents()) {
    common_.source = "consul:" + source.name;
    common_.stale_reads = source.stale_reads;
    common_.allow_warning = source.allow_warning;
    common_.local_source = std::all_of(source.addresses.begin(), source.addresses.end(), local);
    common_.has_token = !source.token.empty() || !source.token_file.empty();
    common_.datacenter = source.datacenter;
}

discovery::Actions Machine::step(const discovery::Event& event, config::TimePoint now) {
    actions_.clear();
    if (const auto* wanted = std::get_if<discovery::Wanted>(&event)) {
        want(wanted->queries, now);
    } else if (const auto* answered = std::get_if<discovery::Answered>(&event)) {
        settle(answered->ticket, event, now);
    } else if (const auto* failed = std::get_if<discovery::Failed>(&event)) {
        settle(failed->ticket, event, now);
    }
    pump(now);
    return std::move(actions_);
}

void Machine::want(const std::vector<std::string>& queries, config::TimePoint now) {
    const std::set<std::string> wanted(queries.begin(), queries.end());
    const bool all = wanted.contains(std::string{discovery::every_service});
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto current = entry++;
        if (!wanted.contains(current->first) && !(all && current->second.listed)) {
            remove(current);
        }
    }
    notes_.clear();
    for (const std::string& query : wanted) {
        add(query, false, now);
    }
    actions_.emplace_back(status());
}

void Machine::add(const std::string& query, bool listed, config::TimePoint now) {
    if (const auto found = entries_.find(query); found != entries_.end()) {
        found->second.listed = found->second.listed && listed;
        return;
    }
    const discovery::Backoff backoff = Reach::backoff(agents(), seed());
    if (query == discovery::every_service) {
        entries_.emplace(query, Entry{.watch = Watch(common_), .backoff = backoff, .due = now});
        return;
    }
    const auto ref = discovery::parse_query(query);
    if (!ref) {
        if (notes_.size() < notes_max) {
            notes_.insert("query '" + query + "': " + ref.error().what);
        }
        return;
    }
    entries_.emplace(query, Entry{.watch = Watch(*ref, query, common_), .backoff = backoff, .due = now, .listed = listed});
}

void Machine::remove(Entries::iterator entry) {
    if (const auto ticket = entry->second.ticket) {
        actions_.emplace_back(discovery::Cancel{*ticket});
        asking_.erase(*ticket);
    }
    entries_.erase(entry);
}

/// A service that left the list is watched on: its own watch says when its last instance is gone, and whether to believe it.
void Machine::want_listed(const std::vector<std::string>& names, config::TimePoint now) {
    std::size_t listed = 0;
    unlisted_ = 0;
    for (const auto& [query, entry] : entries_) {
        listed += entry.listed ? 1U : 0U;
    }
    for (const std::string& name : names) {
        const std::string query = discovery::query_text({.service = name});
        if (name == own_service || entries_.contains(query)) {
            continue;
        }
        if (listed >= listed_max) {
            ++unlisted_;
            continue;
        }
        add(query, true, now);
        ++listed;
    }
}

void Machine::settle(discovery::Ticket ticket, const discovery::Event& event, config::TimePoint now) {
    if (const auto agent = pulse_.settle(ticket)) {
        pulse_settled(*agent, std::holds_alternative<discovery::Answered>(event), now);
        return;
    }
    const auto asked = asking_.find(ticket);
    if (asked == asking_.end()) {
        return;
    }
    Entry& entry = entries_.at(asked->second);
    asking_.erase(asked);
    entry.ticket.reset();
    const auto* answer = std::get_if<discovery::Answered>(&event);
    if (answer != nullptr) {
        pulse_.sign_of_life(entry.agent, now);
    }
    Outcome outcome = answer == nullptr       ? entry.watch.failed(std::get<discovery::Failed>(event).reason)
                      : answer->status == 200 ? entry.watch.answered(*answer, now)
                                              : entry.watch.answered(without_token(*answer), now);
    if (outcome.kind == Outcome::Kind::good) {
        went_well(entry, std::move(outcome), now);
    } else {
        went_wrong(entry, outcome, now);
    }
    actions_.emplace_back(status());
}

/// What an agent says when it refuses us is told to operators and kept in the journal: it must not repeat our secret there.
discovery::Answered Machine::without_token(discovery::Answered answer) const {
    for (std::size_t at = 0; !token_.empty() && (at = answer.body.find(token_, at)) != std::string::npos; at += 3) {
        answer.body.replace(at, token_.size(), "***");
    }
    return answer;
}

void Machine::went_well(Entry& entry, Outcome outcome, config::TimePoint now) {
    entry.error.clear();
    entry.backoff.reset();
    entry.soon = false;
    entry.due = now + outcome.pause;
    reach_.answered_well(entry.agent);
    if (!std::exchange(connected_, true)) {
        for (auto& [query, other] : entries_) {
            if (other.soon) {
                other.due = now;
            }
        }
    }
    if (outcome.publish) {
        if (!outcome.publish->facts.empty()) {
            for (auto& [query, other] : entries_) {
                other.watch.source_has_data();
            }
        }
        actions_.emplace_back(std::move(*outcome.publish));
    }
    if (outcome.names) {
        want_listed(*outcome.names, now);
    }
}

void Machine::went_wrong(Entry& entry, const Outcome& outcome, config::TimePoint now) {
    entry.error = outcome.error;
    last_error_ = outcome.error;
    ++errors_[std::string{kind_text(outcome.kind)}];
    entry.due = now + std::max(outcome.pause, entry.backoff.next());
    entry.soon = outcome.kind == Outcome::Kind::failed || outcome.kind == Outcome::Kind::denied;
    if (outcome.kind == Outcome::Kind::bad_request) {
        return;  // Consul is well, the question is wrong
    }
    connected_ = std::any_of(entries_.begin(), entries_.end(), [](const auto& item) { return item.second.well(); });
    if (outcome.kind == Outcome::Kind::throttled) {
        reach_.keep_quiet_until(now + outcome.pause);
    }
    reach_.went_wrong(entry.agent, outcome.kind != Outcome::Kind::denied, now);
}

void Machine::pulse_settled(std::size_t agent, bool alive, config::TimePoint now) {
    if (alive) {
        pulse_.sign_of_life(agent, now);
        return;
    }
    for (auto& [query, entry] : entries_) {
        if (entry.ticket && entry.agent == agent) {
            actions_.emplace_back(discovery::Cancel{*entry.ticket});
            asking_.erase(*entry.ticket);
            entry.ticket.reset();
            went_wrong(entry, entry.watch.failed("the agent does not answer any more"), now);
        }
    }
    actions_.emplace_back(status());
}

std::set<std::size_t> Machine::owing() const {
    std::set<std::size_t> agents;
    for (const auto& [query, entry] : entries_) {
        if (entry.ticket) {
            agents.insert(entry.agent);
        }
    }
    return agents;
}

void Machine::pump(config::TimePoint now) {
    while (!full() && reach_.open(now)) {
        const auto entry = next_due(now);
        if (entry == entries_.end()) {
            break;
        }
        if (const auto ticket = ask(entry->second, now)) {
            asking_.emplace(*ticket, entry->first);
            reach_.asked(now);
        }
    }
    const auto debtors = owing();
    while (const auto agent = pulse_.ask(debtors, last_ticket_ + 1, now)) {
        actions_.emplace_back(Pulse::question(++last_ticket_, *agent));
    }
    auto wake = next_wake();
    if (const auto pulse = pulse_.due(debtors); pulse && (!wake || *pulse < *wake)) {
        wake = pulse;
    }
    if (wake) {
        actions_.emplace_back(discovery::WakeAt{std::max(*wake, now)});
    }
}

/// The one that has waited longest since its last turn, so that a failing query never keeps the others out.
Machine::Entries::iterator Machine::next_due(config::TimePoint now) {
    auto best = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        const bool due = !entry->second.ticket && entry->second.due <= now;
        if (due && (best == entries_.end() || entry->second.asked < best->second.asked)) {
            best = entry;
        }
    }
    return best;
}

std::optional<config::TimePoint> Machine::next_wake() const {
    if (full()) {
        return std::nullopt;  // the next answer goes on
    }
    std::optional<config::TimePoint> wake;
    for (const auto& [query, entry] : entries_) {
        if (!entry.ticket && (!wake || entry.due < *wake)) {
            wake = entry.due;
        }
    }
    return wake ? std::optional{std::max(*wake, reach_.opens_at())} : std::nullopt;
}

config::Duration Machine::wait() const {
    return entries_.size() > places() ? std::min(settings_.wait, wait_when_crowded) : settings_.wait;
}

std::optional<discovery::Ticket> Machine::ask(Entry& entry, config::TimePoint now) {
    entry.asked = now;
    std::string token = settings_.token;
    if (read_token_) {
        auto read = read_token_();
        if (!read) {
            went_wrong(entry, entry.watch.failed("token: " + read.error().what), now);
            actions_.emplace_back(status());
            return std::nullopt;
        }
        token = std::move(*read);
    }
    Watch::Request request = entry.watch.request(wait());
    discovery::Fetch fetch{.ticket = ++last_ticket_,
                           .peer = reach_.agent(),
                           .method = std::move(request.method),
                           .target = std::move(request.target),
                           .body = std::move(request.body),
                           .timeout = request.timeout};
    if (!token.empty()) {
        fetch.headers.emplace_back("X-Consul-Token", token);
    }
    token_ = std::move(token);
    entry.agent = fetch.peer;
    if (!owing().contains(entry.agent)) {  // silent so far because nobody asked
        pulse_.sign_of_life(entry.agent, now);
    }
    entry.ticket = fetch.ticket;
    actions_.emplace_back(std::move(fetch));
    return entry.ticket;
}

}  // namespace cardea::consul

namespace cardea::discovery {

std::unique_ptr<Provider> make_consul(const config::ConsulSource& source, TokenReader read_token, std::uint64_t seed) {
    return std::make_unique<consul::Machine>(source, std::move(read_token), seed);
}

}  // namespace cardea::discovery
