#include "proxy/control/provider_driver.hpp"

#include "proxy/control/loop_asio.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

namespace cardea::control {

namespace {

bool on_this_machine(const Place& place) {
    return place.address.kind == config::Address::Kind::unix_path ||
           (place.address.kind == config::Address::Kind::ip && place.address.ip.loopback());
}

}  // namespace

class ProviderDriver::Performer : public std::enable_shared_from_this<Performer> {
public:
    Performer(Loop& loop, Outbound& outbound, std::unique_ptr<discovery::Provider> provider, std::vector<Place> peers, Callbacks callbacks)
        : outbound_(outbound),
          provider_(std::move(provider)),
          peers_(std::move(peers)),
          callbacks_(std::move(callbacks)),
          timer_(loop.asio().context) {}

    void tell(discovery::Event event);
    void stop();
    [[nodiscard]] const discovery::Provider& provider() const { return *provider_; }
    std::optional<std::vector<std::string>> wanted{};
    std::uint64_t longest_answer{discovery::answer_bytes_max};

private:
    void perform(discovery::Action& action);
    void start(discovery::Fetch& fetch);
    void start(discovery::Open& open);
    void start(const discovery::Cancel& cancel);
    void start(const discovery::WakeAt& wake);
    [[nodiscard]] const Place* place_of(std::size_t peer, discovery::Ticket ticket, bool stream);
    void heard() {
        if (callbacks_.heard) {
            callbacks_.heard();
        }
    }

    Outbound& outbound_;
    std::unique_ptr<discovery::Provider> provider_;
    std::vector<Place> peers_;
    Callbacks callbacks_;
    boost::asio::steady_timer timer_;
    std::unordered_map<discovery::Ticket, Outbound::Id> under_way_{};
    std::deque<discovery::Event> waiting_{};
    bool stepping_{false}, stopped_{false};
};

/// Events are stepped in order, never one inside another: an action may cause an event before the step has ended.
void ProviderDriver::Performer::tell(discovery::Event event) {
    const auto self = shared_from_this();
    waiting_.push_back(std::move(event));
    if (std::exchange(stepping_, true)) {
        return;
    }
    while (!waiting_.empty() && !stopped_) {
        const discovery::Event next = std::move(waiting_.front());
        waiting_.pop_front();
        for (auto& action : provider_->step(next, std::chrono::steady_clock::now())) {
            perform(action);
            if (stopped_) {
                break;
            }
        }
    }
    stepping_ = false;
}

void ProviderDriver::Performer::perform(discovery::Action& action) {
    if (auto* fetch = std::get_if<discovery::Fetch>(&action)) {
        start(*fetch);
    } else if (auto* open = std::get_if<discovery::Open>(&action)) {
        start(*open);
    } else if (const auto* cancel = std::get_if<discovery::Cancel>(&action)) {
        start(*cancel);
    } else if (const auto* wake = std::get_if<discovery::WakeAt>(&action)) {
        start(*wake);
    } else if (auto* publish = std::get_if<discovery::Publish>(&action)) {
        callbacks_.publish(std::move(*publish));
    } else if (auto* status = std::get_if<discovery::SourceStatus>(&action)) {
        callbacks_.status(std::move(*status));
    }
}

const Place* ProviderDriver::Performer::place_of(std::size_t peer, discovery::Ticket ticket, bool stream) {
    if (peer < peers_.size()) {
        return &peers_[peer];
    }
    const std::string reason = "no address is configured";
    if (stream) {
        tell(discovery::StreamEnded{ticket, reason});
    } else {
        tell(discovery::Failed{ticket, reason});
    }
    return nullptr;
}

void ProviderDriver::Performer::start(discovery::Fetch& fetch) {
    const discovery::Ticket ticket = fetch.ticket;
    const Place* const place = place_of(fetch.peer, ticket, false);
    if (place == nullptr) {
        return;
    }
    OutboundRequest request;
    request.method = std::move(fetch.method);
    request.target = std::move(fetch.target);
    request.headers = std::move(fetch.headers);
    request.body = std::move(fetch.body);
    request.timeout = fetch.timeout;
    request.max_body_bytes = std::min(fetch.max_body_bytes, longest_answer);
    request.gzip = !on_this_machine(*place);
    under_way_[ticket] =
        outbound_.fetch(*place, std::move(request), [weak = weak_from_this(), ticket](tl::expected<Answer, OutboundFailure> result) {
            const auto self = weak.lock();
            if (!self || self->under_way_.erase(ticket) == 0) {
                return;
            }
            if (result) {
                self->heard();
                self->tell(discovery::Answered{ticket, result->status, std::move(result->headers), std::move(result->body)});
            } else {
                if (result.error().kind == OutboundFailure::Kind::too_long && self->callbacks_.too_long) {
                    self->callbacks_.too_long();
                }
                self->tell(discovery::Failed{ticket, std::move(result.error().reason)});
            }
        });
}

void ProviderDriver::Performer::start(discovery::Open& open) {
    const discovery::Ticket ticket = open.ticket;
    const Place* const place = place_of(open.peer, ticket, true);
    if (place == nullptr) {
        return;
    }
    OutboundRequest request;
    request.target = std::move(open.target);
    request.headers = std::move(open.headers);
    request.timeout = open.connect_timeout;
    request.connect_timeout = open.connect_timeout;
    StreamCallbacks callbacks;
    callbacks.opened = [weak = weak_from_this(), ticket](int status, const discovery::HeaderList& headers) {
        if (const auto self = weak.lock()) {
            self->heard();
            self->tell(discovery::StreamOpened{ticket, status, headers});
        }
    };
    callbacks.data = [weak = weak_from_this(), ticket](std::string_view bytes) {
        if (const auto self = weak.lock()) {
            self->heard();
            self->tell(discovery::StreamData{ticket, std::string(bytes)});
        }
    };
    callbacks.ended = [weak = weak_from_this(), ticket](std::string reason) {
        const auto self = weak.lock();
        if (self && self->under_way_.erase(ticket) != 0) {
            self->tell(discovery::StreamEnded{ticket, std::move(reason)});
        }
    };
    under_way_[ticket] = outbound_.open(*place, std::move(request), std::move(callbacks));
}

void ProviderDriver::Performer::start(const discovery::Cancel& cancel) {
    if (const auto found = under_way_.find(cancel.ticket); found != under_way_.end()) {
        outbound_.cancel(found->second);
        under_way_.erase(found);
    }
}

void ProviderDriver::Performer::start(const discovery::WakeAt& wake) {
    timer_.expires_at(wake.when);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error && !self->stopped_) {
            self->tell(discovery::Woken{});
        }
    });
}

void ProviderDriver::Performer::stop() {
    stopped_ = true;
    timer_.cancel();
    for (const auto& [ticket, id] : under_way_) {
        outbound_.cancel(id);
    }
    under_way_.clear();
}

ProviderDriver::ProviderDriver(Loop& loop, Outbound& outbound, std::unique_ptr<discovery::Provider> provider, std::vector<Place> peers,
                               Callbacks callbacks)
    : performer_(std::make_shared<Performer>(loop, outbound, std::move(provider), std::move(peers), std::move(callbacks))) {}

ProviderDriver::~ProviderDriver() {
    performer_->stop();
}

void ProviderDriver::limit_answers(std::uint64_t bytes) {
    performer_->longest_answer = bytes;
}

void ProviderDriver::start() {
    performer_->tell(discovery::Started{});
}

void ProviderDriver::want(std::vector<std::string> queries) {
    if (performer_->wanted != queries) {
        performer_->wanted = queries;
        performer_->tell(discovery::Wanted{std::move(queries)});
    }
}

void ProviderDriver::file_changed(const discovery::FileChanged& event) {
    performer_->tell(event);
}
std::string_view ProviderDriver::source() const {
    return performer_->provider().source();
}

}  // namespace cardea::control
