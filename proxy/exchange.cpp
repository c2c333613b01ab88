#include "proxy/exchange.hpp"

#include "proxy/attempt.hpp"
#include "proxy/connection.hpp"
#include "proxy/http1/parser.hpp"

namespace cardea::proxy {

net::Task<After> serve_exchange(Connection& client, std::size_t head_size, http::Reason refused) {
    Exchange exchange(client, head_size);
    co_return co_await exchange.run(refused);
}

/// The story of every request: route; for each attempt pick and forward, or wait for somebody to pick; respond; log.
net::Task<After> Exchange::run(http::Reason refused) {
    if (refused == http::Reason::none) {
        refused = receive();
    }
    if (refused == http::Reason::none) {
        refused = find_route();
    }
    Ending ending;
    if (refused != http::Reason::none) {
        ending = refuse(refused);
    } else if (policy == nullptr) {
        ending = answer_by_route();
    } else {
        ending.kind = Ending::Kind::refused;
        for (bool once_more = true; once_more;) {
            if (balance::EndpointState* endpoint = pick()) {
                Attempt attempt(*this, *endpoint, fresh_);
                const Ending tried = co_await attempt.run();
                ending = tried;
                once_more = again(ending);
                if (attempts_failed_) {
                    const bool left = co_await all_have_left();
                    once_more = left;
                }
            } else {
                const bool called = co_await wait_in_line(ending);
                once_more = called;
            }
        }
        if (endpoint_ == nullptr && ending.kind != Ending::Kind::client_gone) {
            lost(observe::Loss::nobody_home);
        }
        if (ending.kind == Ending::Kind::setback || ending.kind == Ending::Kind::refused) {
            ending = refuse(reason_of(ending));
        }
    }
    if (to_client.blocked() && ending.kind != Ending::Kind::client_gone) {
        co_await flush_client();
    }
    co_return conclude(ending);
}

}  // namespace cardea::proxy
