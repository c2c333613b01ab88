#include "proxy/exchange.hpp"

#include "proxy/attempt.hpp"
#include "proxy/connection.hpp"
#include "proxy/http1/parser.hpp"

namespace cardea::proxy {

/// The story of every request: route; for each attempt pick and forward, or wait for somebody to pick; respond; log.
net::Task<After> Exchange::serve(Connection& client, std::size_t head_size, http::Reason refused) {
    Exchange exchange(client, head_size);
    if (refused == http::Reason::none) {
        refused = exchange.receive();
    }
    if (refused == http::Reason::none) {
        refused = exchange.find_route();
    }
    Ending ending;
    if (refused != http::Reason::none) {
        ending = exchange.refuse(refused);
    } else if (exchange.policy == nullptr) {
        ending = exchange.answer_by_route();
    } else {
        ending.kind = Ending::Kind::refused;
        for (bool once_more = true; once_more;) {
            if (balance::EndpointState* endpoint = exchange.pick()) {
                Attempt attempt(exchange, *endpoint, exchange.fresh_);
                const Ending tried = co_await attempt.run();
                ending = tried;
                once_more = exchange.again(ending);
                if (exchange.attempts_failed_) {
                    const bool left = co_await exchange.all_have_left();
                    once_more = left;
                }
            } else {
                const bool called = co_await exchange.wait_in_line(ending);
                once_more = called;
            }
        }
        if (exchange.endpoint_ == nullptr && ending.kind != Ending::Kind::client_gone) {
            exchange.lost(observe::Loss::nobody_home);
        }
        if (ending.kind == Ending::Kind::setback || ending.kind == Ending::Kind::refused) {
            ending = exchange.refuse(exchange.reason_of(ending));
        }
    }
    if (exchange.to_client.blocked() && ending.kind != Ending::Kind::client_gone) {
        co_await exchange.flush_client();
    }
    co_return exchange.conclude(ending);
}

}  // namespace cardea::proxy
