#include "proxy/exchange.hpp"

#include "proxy/attempt.hpp"
#include "proxy/connection.hpp"
#include "proxy/http1/parser.hpp"

namespace cardea::proxy {

/// The story of every request: route; for each attempt pick and forward, or wait for somebody to pick; respond; log.
net::Task<After> Exchange::serve(Connection& client, std::size_t head_size, http::Reason refused) {
    Exchange exchange(client);
    if (refused == http::Reason::none) {
        refused = exchange.receive(head_size);
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
                if (!attempt.take_pooled()) {
                    co_await attempt.connect();
                }
                attempt.begin();
                while (!attempt.over()) {
                    const std::uint32_t events = attempt.before_wait();
                    if (events == 0) {
                        co_await client.waker.yield();
                    } else {
                        co_await client.waker.any(events);
                    }
                    attempt.go_on();
                }
                if (attempt.tunnels()) {
                    co_await attempt.tunnel();
                }
                ending = attempt.settle();
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
