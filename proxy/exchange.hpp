#pragma once
// One request and its response: route; for each attempt: pick, forward; respond; log. Lives in the frame of its own
// coroutine, owns the received head for its whole life, and keeps of the configuration only what it pins. One worker.

#include "proxy/net/held_bytes.hpp"
#include "proxy/net/list.hpp"
#include "proxy/net/outlet.hpp"
#include "proxy/net/task.hpp"
#include "proxy/observe/record.hpp"
#include "proxy/pace.hpp"
#include "proxy/relay.hpp"
#include "proxy/upstream/upstream.hpp"
#include "proxy/worker_state.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cardea::proxy {

class Connection;

/// What becomes of the client's connection after an exchange.
enum class After : std::uint8_t {
    next,    ///< another request may follow
    close,   ///< everything was said
    linger,  ///< the client may still be sending: end our direction, read on for a moment
    reset,   ///< the answer was cut short and only a reset can say so
};

/// How an attempt, and with it perhaps the exchange, ended.
struct Ending {
    enum class Kind : std::uint8_t {
        complete,     ///< the whole response was handed on, or is held for the client
        setback,      ///< nothing final reached the client: may be tried again
        refused,      ///< nothing final reached the client: to be answered by us with `reason`
        broken,       ///< cut short after the response had begun
        client_gone,  ///< reset, ended within its request, or does not read
    };
    Kind kind{Kind::complete};
    upstream::Setback setback{};
    http::Reason reason{http::Reason::none};
    bool bytes_sent{false};  ///< of the request, to the endpoint
    bool reused{false};      ///< the upstream connection had served before
};

/// What Allow says where no route restricts it: everything but CONNECT and TRACE, which are refused.
inline constexpr std::string_view methods_served = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";

class Exchange final : public net::Link {
public:
    /// Serves the head at the front of the client's inlet, or answers with `refused` when that is set.
    [[nodiscard]] static net::Task<After> serve(Connection& client, std::size_t head_size, http::Reason refused);

    explicit Exchange(Connection& of);
    ~Exchange();

    // --- for the worker ---------------------------------------------------------------------------------
    [[nodiscard]] const balance::EndpointState* endpoint() const { return endpoint_; }
    void abort();                                  ///< its endpoint's drain time is over, or its address has a new owner
    void look_again();                             ///< its endpoint may have been suspended, or it is its turn in the line
    [[nodiscard]] bool somebody_is_there() const;  ///< its service has an endpoint that takes requests

    // --- for the attempt --------------------------------------------------------------------------------
    /// The request as the endpoint gets it; parses the head again when others have used the shared one since.
    void write_head(http1::Out& out);
    [[nodiscard]] upstream::Decision decide(upstream::Setback setback, bool bytes_sent) const;
    /// At write_pace.deadline(): the client takes nothing more, or too little; counted then.
    [[nodiscard]] bool client_stalls();
    void answered();    ///< it waits for no endpoint any more
    void count_work();  ///< before each wait: what the worker did in this round was for it, or went before it
    /// This answer is the last on its connection, whatever it says itself.
    [[nodiscard]] bool last_answer() const;
    /// It does better to leave its suspended endpoint than to stay.
    [[nodiscard]] bool has_somewhere_else() const;
    void let_go_of_head();  ///< an answer has begun: all but what is still to be said of the request
    [[nodiscard]] std::size_t head_held() const { return head_.memory(); }  ///< memory for the request's head
    [[nodiscard]] bool keeps_body() const;  ///< may be sent twice, so its payload is kept from the first byte

    struct Facts {
        http::Method method{http::Method::other};
        http::Version version{http::Version::http11};
        http::Framing framing{};
        bool keep_alive{false}, expect_continue{false}, upgrade{false};
        std::string_view upgrade_protocol{};
    };
    WorkerState& worker;
    Connection& client;
    Facts facts{};
    const route::RoutePolicy* route{nullptr};
    const upstream::Policy* policy{nullptr};  ///< null: the route answers by itself
    BodyRelay body{};                         ///< the request's
    Replay replay;                            ///< its payload so far, while it is whole
    BodyPace body_pace{};                     ///< of the client's sending it
    net::Outlet to_client;
    WritePace write_pace;                             ///< of its taking the answer
    std::optional<config::TimePoint> client_ended{};  ///< seen that it has ended its side
    std::uint64_t payload_received{0}, payload_sent{0};
    std::uint32_t attempts{0};
    std::uint16_t status{0};  ///< of the response that has begun; 0: none yet
    bool interim_sent{false};
    bool said_close{false};       ///< the response head said Connection: close
    bool cut_needs_reset{false};  ///< the response has neither length nor chunks: only a reset shows that it was cut
    bool aborted{false};

private:
    // exchange_route.cpp: head, route, endpoint
    [[nodiscard]] http::Reason receive(std::size_t head_size);
    [[nodiscard]] upstream::Progress progress_with(bool bytes_sent) const;
    void parse_again();
    [[nodiscard]] http::Reason find_route();
    [[nodiscard]] const upstream::Upstream* current_upstream() const;
    [[nodiscard]] balance::EndpointState* pick();
    void hold(balance::EndpointState* endpoint);
    void count_departure(balance::EndpointState& from, bool moves) const;
    [[nodiscard]] bool again(const Ending& ending);
    void lost(observe::Loss why);

    // exchange_queue.cpp: nobody home for a moment
    [[nodiscard]] bool may_wait() const;
    [[nodiscard]] bool others_wait() const;
    [[nodiscard]] bool client_left() const;
    [[nodiscard]] net::Task<bool> wait_in_line(Ending& ending);
    [[nodiscard]] bool only_tried_are_there() const;
    [[nodiscard]] net::Task<bool> all_have_left();
    void begin_afresh();
    void leave_line(bool called, Ending& ending);

    // exchange_answer.cpp: our own answers, the end, the log
    [[nodiscard]] Ending refuse(http::Reason reason);
    [[nodiscard]] http::Reason reason_of(const Ending& ending) const;
    [[nodiscard]] Ending answer_by_route();
    [[nodiscard]] Ending send_reply(http1::Reply& reply, std::string_view body);
    void discard_body();
    [[nodiscard]] net::Task<bool> flush_client();
    [[nodiscard]] After conclude(const Ending& ending);
    void fill_record(const http::RequestHead& head);
    void write_record(const Ending& ending);

    net::HeldBytes head_;
    std::uint64_t request_id_seed_;
    const bool recorded_;  ///< the access log wants to know
    config::TimePoint began_;
    const bool timed_;                 ///< its work is measured
    std::chrono::nanoseconds work_{};  ///< so far
    config::TimePoint counted_to_{};
    balance::EndpointState* endpoint_{nullptr};  ///< counted in its in_flight
    std::array<balance::EndpointState*, 8> tried_{};
    std::size_t tried_count_{0};
    bool pending_{false};               ///< counted among those of its service that wait for an answer
    bool fresh_{false};                 ///< the next attempt takes no pooled connection,
    bool same_endpoint_{false};         ///< and goes to the same endpoint
    bool finished_{false};              ///< by its answer or its client; else lost at its endpoint
    bool reached_{false};               ///< an attempt sent bytes to an endpoint
    bool called_{false};                ///< had its turn in the line of those who waited: need not go behind them
    bool attempts_failed_{false};       ///< all there may be, each by a lost or refused connection
    std::uint32_t attempts_before_{0};  ///< that do not count any more
    std::optional<config::TimePoint> queue_until_{};
    config::TimePoint::duration queued_for_{};
    http::Reason queue_refusal_{http::Reason::none};
    http::Reason lost_by_{http::Reason::none};  ///< why the last attempt that reached an endpoint failed
    std::string allow_{};                       ///< for 405
    observe::Record record_{};
    std::string lost_endpoint_{};  ///< the last one that failed it; only while records are wanted
    std::array<char, 32> request_id_{};
};

}  // namespace cardea::proxy
