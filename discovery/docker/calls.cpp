#include "discovery/docker/calls.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace cardea::docker {
namespace {

using namespace std::chrono_literals;

/// A daemon that hangs is noticed within a ping's period and its timeout, whatever else is under way.
config::Duration patience(Asked what) {
    switch (what) {
        case Asked::ping:
        case Asked::info:
            return 3s;
        case Asked::list:
            return 10s;
        case Asked::inspect:
        case Asked::events:
            break;
    }
    return 5s;
}

}  // namespace

discovery::Ticket Calls::ask(Call call, std::string target, discovery::Actions& actions) {
    const discovery::Ticket ticket = ++last_ticket_;
    if (call.what == Asked::events) {
        actions.push_back(discovery::Open{ticket, 0, std::move(target), {}, patience(call.what)});
    } else {
        discovery::Fetch fetch;
        fetch.ticket = ticket;
        fetch.target = std::move(target);
        fetch.timeout = patience(call.what);
        fetch.max_body_bytes = call.what == Asked::list ? discovery::answer_bytes_max : 4ULL << 20U;
        actions.push_back(std::move(fetch));
    }
    calls_.emplace(ticket, std::move(call));
    return ticket;
}

std::optional<Call> Calls::answered(discovery::Ticket ticket) {
    if (is_stream(ticket)) {
        return std::nullopt;
    }
    auto call = calls_.extract(ticket);
    return call.empty() ? std::nullopt : std::optional{std::move(call.mapped())};
}

bool Calls::is_stream(discovery::Ticket ticket) const {
    const auto call = calls_.find(ticket);
    return call != calls_.end() && call->second.what == Asked::events;
}

std::size_t Calls::under_way(Asked what) const {
    return static_cast<std::size_t>(
        std::count_if(calls_.begin(), calls_.end(), [&](const auto& call) { return call.second.what == what; }));
}

void Calls::cancel_all(discovery::Actions& actions) {
    for (const auto& [ticket, call] : calls_) {
        actions.push_back(discovery::Cancel{ticket});
    }
    calls_.clear();
}

}  // namespace cardea::docker
