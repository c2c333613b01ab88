#include "discovery/docker/machine.hpp"

#include "discovery/docker/requests.hpp"
#include "discovery/make_provider.hpp"

#include <algorithm>
#include <utility>

namespace cardea::docker {
namespace {

using namespace std::chrono_literals;

constexpr config::Duration ping_every{10s};  // with the ping's timeout of 3 s, a daemon that hangs is noticed within 13 s
constexpr config::Duration list_every{60s};  // the daemon drops events for slow readers
constexpr config::Duration inspect_again{1s}, retry_first{100ms}, retry_cap{500ms};
constexpr std::size_t max_inspections = 8;

}  // namespace

Machine::Machine(const config::DockerSource& source, const std::vector<config::IpAddress>& machine_addresses, std::uint64_t seed)
    : name_("docker:" + source.name),
      containers_({name_, {}, make_vantage(source, machine_addresses), source.expose}),
      backoff_(retry_first, retry_cap, seed),
      random_(seed) {}

discovery::Actions Machine::step(const discovery::Event& event, config::TimePoint now) {
    now_ = now;
    std::visit([this](const auto& what) { on(what); }, event);
    finish_step();
    return std::exchange(actions_, {});
}

void Machine::connect() {
    phase_ = Phase::pinging;
    calls_.ask({Asked::ping}, ping_target(), actions_);
}

void Machine::on(const discovery::Woken& /*event*/) {
    if (phase_ == Phase::waiting && retry_at_ <= now_) {
        connect();
    }
    if (phase_ == Phase::live && ping_at_ <= now_) {
        ping_at_ = now_ + ping_every;
        calls_.ask({Asked::ping}, ping_target(), actions_);
    }
    if (phase_ == Phase::live && list_at_ <= now_) {
        list();
    }
}

void Machine::on(const discovery::Answered& event) {
    const auto call = calls_.answered(event.ticket);
    if (!call) {
        return;
    }
    switch (call->what) {
        case Asked::ping:
            pinged(event);
            break;
        case Asked::list:
            listed(event);
            break;
        case Asked::inspect:
            inspected(call->container, event);
            break;
        case Asked::info:
            containers_.set_host_name(event.status == 200 ? parse_host_name(event.body) : std::string{});
            break;
        case Asked::events:
            break;
    }
}

void Machine::on(const discovery::Failed& event) {
    const auto call = calls_.answered(event.ticket);
    if (!call) {
        return;
    }
    switch (call->what) {
        case Asked::ping:
            disconnect(phase_ == Phase::pinging ? "connect" : "hung", event.reason);
            break;
        case Asked::list:
            disconnect("list", event.reason);
            break;
        case Asked::inspect:
            count("inspect");
            containers_.inspection_failed(call->container, event.ticket, now_ + inspect_again);
            break;
        case Asked::info:
        case Asked::events:
            break;
    }
}

void Machine::pinged(const discovery::Answered& answer) {
    if (answer.status != 200) {
        refused(answer.status, "GET /_ping", answer.body);
        return;
    }
    ping_at_ = now_ + ping_every;
    if (phase_ != Phase::pinging) {
        return;
    }
    phase_ = Phase::opening;
    version_ = own_version_only_ ? std::string{} : version_prefix(answer.headers);
    stream_ = EventStream{};
    stream_lost_ = 0;
    calls_.ask({Asked::events}, events_target(version_, since_before(answer.headers)), actions_);
}

void Machine::on(const discovery::StreamOpened& event) {
    if (!calls_.is_stream(event.ticket)) {
        return;
    }
    if (event.status != 200) {
        refused(event.status, "GET /events", {});
        return;
    }
    phase_ = Phase::live;
    if (containers_.host_name().empty()) {
        calls_.ask({Asked::info}, info_target(version_), actions_);
    }
    list();
}

void Machine::list() {
    list_asked_ = containers_.marker();
    calls_.ask({Asked::list}, list_target(version_), actions_);
    // 60 s +- 10 %, so that many engines and many Cardeas do not fall into step
    list_at_ = now_ + list_every + config::Duration{std::uniform_int_distribution<config::Duration::rep>(-6'000, 6'000)(random_)};
}

void Machine::listed(const discovery::Answered& answer) {
    if (answer.status != 200) {
        refused(answer.status, "GET /containers/json", answer.body);
        return;
    }
    const auto containers = parse_list(answer.body);
    if (!containers) {
        disconnect("malformed", "GET /containers/json: " + containers.error().what);
        return;
    }
    containers_.listed(*containers, list_asked_);
    backoff_.reset();
    listed_ = true;
    tell_ = tell_ || !status_.connected;
    status_.connected = true;
    status_.last_error.clear();
}

void Machine::inspected(const std::string& id, const discovery::Answered& answer) {
    if (answer.status == 404) {
        containers_.inspected_gone(id, answer.ticket);
        return;
    }
    if (answer.status == 200) {
        if (const auto container = parse_container(answer.body); container && container->id == id) {
            containers_.inspected(id, answer.ticket, *container, now_);
            return;
        }
    }
    count("inspect");
    containers_.inspection_failed(id, answer.ticket, now_ + inspect_again);
}

void Machine::on(const discovery::StreamData& event) {
    if (!calls_.is_stream(event.ticket) || phase_ != Phase::live) {
        return;
    }
    for (const auto& object : stream_.feed(event.bytes)) {
        const auto parsed = parse_event(object);
        if (!parsed) {
            count("malformed");
            continue;
        }
        status_.revision = std::to_string(parsed->time_nano);
        tell_ = true;
        containers_.apply(*parsed, now_);
    }
    if (stream_.lost() != stream_lost_) {
        stream_lost_ = stream_.lost();
        count("lost_event");
        list_at_ = now_;
    }
}

void Machine::on(const discovery::StreamEnded& event) {
    if (calls_.is_stream(event.ticket)) {
        calls_.close(event.ticket);
        disconnect("stream", event.reason.empty() ? "the daemon ended the event stream" : event.reason);
    }
}

void Machine::refused(int status, const std::string& what, std::string_view body) {
    if (status == 400 && !version_.empty()) {  // it knows no version that we know: its own is the best guess
        own_version_only_ = true;
        disconnect("version", refusal(what, status, body));
        retry_at_ = now_;
        return;
    }
    own_version_only_ = false;
    disconnect("status", refusal(what, status, body));
}

void Machine::disconnect(const std::string& kind, const std::string& why) {
    calls_.cancel_all(actions_);
    containers_.abandon_inspections();
    phase_ = Phase::waiting;
    listed_ = false;
    retry_at_ = now_ + backoff_.next();
    status_.connected = false;
    status_.last_error = why;
    count(kind);
}

/// Everything that follows from what was just told: inspections, what is published, the status, the next timer.
void Machine::finish_step() {
    containers_.tick(now_);
    while (phase_ == Phase::live && calls_.under_way(Asked::inspect) < max_inspections) {
        const auto id = containers_.next_inspection(calls_.next_ticket(), now_);
        if (!id) {
            break;
        }
        calls_.ask({Asked::inspect, *id}, inspect_target(version_, *id), actions_);
    }
    if (!status_.synced && listed_ && calls_.under_way(Asked::info) == 0 && containers_.settled()) {
        status_.synced = tell_ = true;
    }
    if (status_.synced) {
        for (auto& publish : containers_.take_changes()) {
            actions_.push_back(std::move(publish));
            tell_ = true;
        }
    }
    if (std::exchange(tell_, false)) {
        containers_.describe(status_);
        actions_.push_back(status_);
    }
    actions_.push_back(discovery::WakeAt{next_wake()});
}

config::TimePoint Machine::next_wake() const {
    if (phase_ != Phase::live) {
        return phase_ == Phase::waiting ? retry_at_ : now_ + ping_every;
    }
    return std::max(now_, std::min({ping_at_, list_at_, containers_.deadline(now_).value_or(list_at_)}));
}

}  // namespace cardea::docker

namespace cardea::discovery {

std::unique_ptr<Provider> make_docker(const config::DockerSource& source, const std::vector<config::IpAddress>& local_addresses,
                                      std::uint64_t seed) {
    return std::make_unique<docker::Machine>(source, local_addresses, seed);
}

}  // namespace cardea::discovery
