#pragma once
// One attempt to have a request answered by one endpoint: a pooled or a new connection, the request out, the response back,
// both at once. One wait point; between waits everything is a plain function. One worker.

#include "proxy/connection.hpp"
#include "proxy/exchange.hpp"
#include "proxy/upstream/connector.hpp"

#include <memory>
#include <optional>

namespace cardea::proxy {

class Attempt {
public:
    /// `fresh`: takes no pooled connection. The exchange counts in the endpoint's in_flight.
    Attempt(Exchange& exchange, balance::EndpointState& endpoint, bool fresh);
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    [[nodiscard]] bool take_pooled();         ///< a connection that is open, if there is one
    [[nodiscard]] net::Task<void> connect();  ///< or a new one; may end the attempt
    void begin();                             ///< sends what is there of the request
    [[nodiscard]] bool over() const { return ending_.has_value(); }
    [[nodiscard]] std::uint32_t before_wait();  ///< which events it waits for; 0: it only lets others have their turn
    void go_on();                               ///< after a wait
    [[nodiscard]] bool tunnels() const { return tunnels_; }
    [[nodiscard]] net::Task<void> tunnel();  ///< once it is over: the client and the endpoint talk as they like
    /// Gives the connection back when the exchange on it is complete on both sides; otherwise it ends here.
    [[nodiscard]] Ending settle();

private:
    enum class Stage : std::uint8_t { head, body, over };

    // attempt.cpp: connecting, waiting, ending
    void look_around();
    void look_at_time();
    void keep_watch();
    [[nodiscard]] std::uint32_t wait_mask() const;
    [[nodiscard]] config::TimePoint deadline() const;
    [[nodiscard]] config::TimePoint endpoint_deadline() const;
    [[nodiscard]] config::TimePoint departure() const;
    [[nodiscard]] bool waits_for_endpoint() const;
    void finish(Ending::Kind kind, http::Reason reason = http::Reason::none, upstream::Setback setback = {});
    void set_back(upstream::Setback setback, http::Reason reason);
    void refuse(http::Reason reason);
    void blame(snapshot::Sighting sighting);
    [[nodiscard]] upstream::Connecting dial_again(upstream::Connector& connector);
    void heard_from_endpoint();
    void count_limits_of(const BodyRelay& failed);

    // attempt_request.cpp: client to endpoint
    void send_head();
    void pump_request();
    [[nodiscard]] std::size_t body_read_limit() const;
    [[nodiscard]] bool take_body();
    void send_pieces();
    void send_continue();

    // attempt_response.cpp: endpoint to client
    void pump_response();
    [[nodiscard]] std::size_t read_limit();
    [[nodiscard]] std::size_t splice_limit() const;
    [[nodiscard]] net::PipePool::Borrowed borrow_pipe();
    void passed_by(std::size_t bytes);
    [[nodiscard]] bool read_head();
    void refuse_malformed();
    void on_interim(std::size_t head_size);
    void begin_response(std::size_t head_size);
    void relay_body();
    void on_upstream_end(net::Io how);
    void send_to_client();
    void look_at_client();
    void on_complete();

    Exchange& exchange_;
    WorkerState& worker_;
    Connection& client_;
    balance::EndpointState& endpoint_;
    const config::Service& service_;
    std::unique_ptr<upstream::Connection> up_;
    net::Inlet in_;
    net::Outlet out_;
    SilenceWatch::Waiting waiting_;
    BodyRelay response_body_{};
    BodyRelay::Taken taken_{};  ///< of the pieces about to be sent to the endpoint
    std::optional<Ending> ending_{};
    Stage stage_{Stage::head};
    bool fresh_wanted_;
    bool reused_{false};
    bool request_lost_{false};       ///< the endpoint takes no more of the request; it may still answer
    bool awaits_continue_{false};    ///< the client waits for 100 (Continue)
    bool upstream_reusable_{false};  ///< as far as the response says; only once it is complete
    bool tunnels_{false};
    bool more_now_{false};  ///< stopped in the middle to let others have their turn
    bool client_was_slow_{false};
    bool splices_{false};  ///< what is to come of the body need not be seen
    std::uint16_t interim_count_{0};
    std::size_t scanned_{0};
    std::uint64_t response_bytes_{0};
    config::Duration response_idle_;  ///< between two reads of the response's body
    config::TimePoint began_, upstream_moved_;
};

}  // namespace cardea::proxy
