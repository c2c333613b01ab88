#pragma once
// Inside of the control plane's client: the kept-alive connections and the exchanges under way. Control thread only.

#include "proxy/control/loop_asio.hpp"
#include "proxy/control/outbound.hpp"
#include "proxy/control/outbound_dial.hpp"
#include "proxy/control/response_reader.hpp"

#include <deque>
#include <unordered_map>

namespace cardea::control {

class Outbound::Pool : public std::enable_shared_from_this<Pool> {
public:
    Pool(Loop& loop, Resolve given) : context(loop.asio().context), resolve(std::move(given)), sweeper_(context) {}

    /// A connection to `key` that still seems alive, or none.
    std::shared_ptr<Channel> take(const std::string& key);
    void keep(const std::string& key, std::shared_ptr<Channel> channel);
    void stop();
    [[nodiscard]] std::size_t idle() const;

    boost::asio::io_context& context;
    const Resolve resolve;
    TlsContexts contexts{};
    class Exchange;
    std::unordered_map<Id, std::shared_ptr<Exchange>> exchanges{};
    Id next_id{1};

private:
    struct Idle {
        std::shared_ptr<Channel> channel;
        config::TimePoint since;
    };
    void sweep_later();

    std::unordered_map<std::string, std::deque<Idle>> idle_{};
    boost::asio::steady_timer sweeper_;
    bool sweeping_{false};
};

/// One request and its answer. Ends exactly once: by finish() (which calls back) or by drop() (which does not).
class Outbound::Pool::Exchange : public std::enable_shared_from_this<Exchange> {
public:
    Exchange(const std::shared_ptr<Pool>& pool, Id id, Place place, OutboundRequest request)
        : pool_(pool),
          id_(id),
          place_(std::move(place)),
          request_(std::move(request)),
          timer_(pool->context),
          reader_(method_of(request_.method)) {}

    Done done{};
    Held held{};
    config::Duration hold{};
    StreamCallbacks stream{};

    void start(config::Duration timeout);
    void drop();

private:
    void dial();
    void use(std::shared_ptr<Channel> channel);
    void send();
    void receive();
    void consume(std::string_view bytes);
    void on_head();
    void on_data(std::string_view bytes);
    void on_end();
    void complete();
    void fail(OutboundFailure failure);
    void lost(const std::string& why);
    void release();
    [[nodiscard]] bool streaming() const { return stream.ended != nullptr; }

    std::weak_ptr<Pool> pool_;
    Id id_;
    Place place_;
    OutboundRequest request_;
    boost::asio::steady_timer timer_;
    ResponseReader reader_;
    std::shared_ptr<Dial> dial_{};
    std::shared_ptr<Channel> channel_{};
    std::string body_{};
    bool reused_{false}, heard_{false}, over_{false};
};

}  // namespace cardea::control
