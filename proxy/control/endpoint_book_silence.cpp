// Endpoints whose requests wait while nothing comes from them: asked, compared with their peers, and judged.
#include "proxy/control/endpoint_book.hpp"

namespace cardea::control {

namespace {

/// A silent endpoint is compared with so many peers: more than one, because that one may be frozen too.
constexpr int peers_asked = 3;

}  // namespace

void EndpointBook::on_silence(Entry& entry, const Now& now) {
    Service& service = services_.at(entry.state->service);
    const auto open = service.silent.find(&entry);
    if ((open != service.silent.end() && !open->second.stale(now.steady)) || !entry.health.look_into_silence(now.steady)) {
        return;
    }
    service.silent.insert_or_assign(&entry, health::SilenceCase(now.steady));
    schedule(entry);
    auto peer = service.endpoints.upper_bound(entry.facts.id);
    int asked = 0;
    for (std::size_t step = 0; step < service.endpoints.size() && asked < peers_asked; ++step, ++peer) {
        peer = peer == service.endpoints.end() ? service.endpoints.begin() : peer;
        if (peer->second.get() != &entry && peer->second->word == "up") {
            peer->second->health.vouch(now.steady);
            schedule(*peer->second);
            ++asked;
        }
    }
}

/// A probe that was made for a case has ended.
void EndpointBook::hear_silence(Entry& entry, bool good, const Now& now, Effects& effects) {
    Service& service = services_.at(entry.state->service);
    for (auto& [silent, its_case] : service.silent) {
        if (silent != &entry && good) {
            its_case.peer_answered();
        } else if (silent == &entry && !good) {
            its_case.had_no_answer();
        }
    }
    if (good) {
        service.silent.erase(&entry);  // it keeps its place and its requests
    }
    judge_silence(service, now, effects);
}

/// A byte from the endpoint since its case was opened closes it.
void EndpointBook::judge_silence(Service& service, const Now& now, Effects& effects) {
    for (auto at = service.silent.begin(); at != service.silent.end();) {
        auto& [silent, its_case] = *at;
        Entry& entry = *silent;
        const config::Duration last_byte{entry.state->last_byte_ms.load(std::memory_order_relaxed)};
        const bool heard = config::TimePoint{last_byte} > its_case.opened();
        if (heard || its_case.proven() || its_case.stale(now.steady)) {
            const bool frozen = !heard && its_case.proven();
            at = service.silent.erase(at);
            if (frozen && entry.health.found_frozen("requests wait, a probe had no answer and a peer answered", now.steady)) {
                settle(entry, now, effects);
            }
        } else {
            ++at;
        }
    }
}

}  // namespace cardea::control
