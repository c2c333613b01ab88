#include "proxy/control/prober.hpp"

#include "proxy/control/loop_asio.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace cardea::control {

namespace {

/// Those that hang cost a descriptor each for as long as their timeout.
constexpr std::size_t most_at_once = 4'096;
constexpr config::Duration head_start{50};  // of an address before the next one is tried beside it

health::ProbeOutcome::Verdict verdict_of(const OutboundFailure& failure) {
    using Verdict = health::ProbeOutcome::Verdict;
    switch (failure.kind) {
        case OutboundFailure::Kind::refused:
            return Verdict::refused;
        case OutboundFailure::Kind::starved:
            return Verdict::unmade;
        default:
            return Verdict::bad;
    }
}

health::ProbeOutcome judge(const tl::expected<Answer, OutboundFailure>& result, const health::ProbePlan& plan, config::Duration took) {
    using Verdict = health::ProbeOutcome::Verdict;
    if (!result) {
        return {verdict_of(result.error()), result.error().reason, 0};
    }
    const int status = result->status;
    const std::string words = std::to_string(status) + " in " + std::to_string(took.count()) + " ms";
    if (status < plan.expect_min || status > plan.expect_max) {
        return {Verdict::bad, words + ", expected " + std::to_string(plan.expect_min) + '-' + std::to_string(plan.expect_max), 0};
    }
    return {Verdict::good, words, 0};
}

}  // namespace

void ProbeAllowance::set(std::uint32_t per_second) {
    per_second_ = per_second;
    burst_ = std::max(1.0, per_second_ / 10.0);
    tokens_ = std::min(tokens_, burst_);
}

bool ProbeAllowance::take(config::TimePoint now) {
    const std::chrono::duration<double> passed = refilled_ == config::TimePoint{} ? std::chrono::duration<double>(0) : now - refilled_;
    refilled_ = now;
    tokens_ = std::min(burst_, tokens_ + passed.count() * per_second_);
    if (tokens_ < 1.0) {
        return false;
    }
    tokens_ -= 1.0;
    return true;
}

config::TimePoint ProbeAllowance::next(config::TimePoint now) const {
    const std::chrono::duration<double> wait((1.0 - std::min(tokens_, 1.0)) / per_second_);
    return now + std::chrono::ceil<std::chrono::milliseconds>(wait);
}

/// One probe of one endpoint over all of its addresses.
class ProbeRound : public std::enable_shared_from_this<ProbeRound> {
public:
    using Ended = std::function<void(const ProbeOrder&, const health::ProbeOutcome&)>;

    ProbeRound(boost::asio::io_context& context, Outbound& outbound, ProbeOrder order, Ended ended)
        : outbound_(outbound), order_(std::move(order)), ended_(std::move(ended)), timer_(context) {}

    void start();
    void cancel();
    [[nodiscard]] const ProbeOrder& order() const { return order_; }

private:
    void try_next();
    void ask(std::size_t index);
    void finished(std::size_t index, Outbound::Id id, health::ProbeOutcome outcome);
    void end(const health::ProbeOutcome& outcome);

    Outbound& outbound_;
    ProbeOrder order_;
    Ended ended_;
    boost::asio::steady_timer timer_;
    std::vector<std::size_t> sequence_{};  ///< indices of addresses, the one in use first
    std::size_t tried_{0}, failed_{0};
    std::vector<Outbound::Id> under_way_{};
    bool all_refused_{true}, unmade_{false};
    std::string first_why_{};
};

void ProbeRound::start() {
    const std::size_t count = order_.endpoint->addresses.size();
    const std::size_t in_use = order_.endpoint->address_index.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < count; ++i) {
        sequence_.push_back((in_use + i) % count);
    }
    if (count == 0) {
        boost::asio::post(timer_.get_executor(), [self = shared_from_this()] {
            if (self->ended_) {
                self->end({health::ProbeOutcome::Verdict::refused, "it has no address", 0});
            }
        });
    }
    try_next();
}

void ProbeRound::try_next() {
    timer_.cancel();
    if (tried_ == sequence_.size()) {
        return;
    }
    ask(sequence_[tried_++]);
    if (tried_ < sequence_.size()) {
        timer_.expires_after(head_start);
        timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
            if (const auto self = weak.lock(); self && !error && self->ended_) {
                self->try_next();
            }
        });
    }
}

void ProbeRound::ask(std::size_t index) {
    const Place place{order_.endpoint->addresses[index], {}};
    const auto begun = std::chrono::steady_clock::now();
    const auto id = std::make_shared<Outbound::Id>(0);
    if (order_.plan.kind == health::ProbePlan::Kind::tcp) {
        *id = outbound_.touch(place, order_.plan.timeout, health::tcp_probe_hold, [weak = weak_from_this(), index, id](auto result) {
            if (const auto self = weak.lock()) {
                self->finished(index, *id,
                               result ? health::ProbeOutcome{health::ProbeOutcome::Verdict::good, "connected", 0}
                                      : health::ProbeOutcome{verdict_of(result.error()), result.error().reason, 0});
            }
        });
    } else {
        OutboundRequest request;
        request.target = order_.plan.path;
        if (!order_.plan.host.empty()) {
            request.headers.emplace_back("Host", order_.plan.host);
        }
        request.timeout = order_.plan.timeout;
        request.connect_timeout = order_.plan.timeout;
        request.body_matters = false;
        request.fresh = order_.purpose != health::Purpose::active;  // only a new connection proves that somebody is there
        *id = outbound_.fetch(place, std::move(request), [weak = weak_from_this(), index, id, begun](const auto& result) {
            if (const auto self = weak.lock()) {
                const auto took = std::chrono::duration_cast<config::Duration>(std::chrono::steady_clock::now() - begun);
                self->finished(index, *id, judge(result, self->order_.plan, took));
            }
        });
    }
    under_way_.push_back(*id);
}

void ProbeRound::finished(std::size_t index, Outbound::Id id, health::ProbeOutcome outcome) {
    std::erase(under_way_, id);
    if (!ended_) {
        return;
    }
    if (outcome.verdict == health::ProbeOutcome::Verdict::good) {
        outcome.address_index = static_cast<std::uint8_t>(index);
        end(outcome);
        return;
    }
    all_refused_ = all_refused_ && outcome.verdict == health::ProbeOutcome::Verdict::refused;
    unmade_ = unmade_ || outcome.verdict == health::ProbeOutcome::Verdict::unmade;
    first_why_ = first_why_.empty() ? std::move(outcome.why) : first_why_;
    if (++failed_ == sequence_.size()) {
        using Verdict = health::ProbeOutcome::Verdict;
        end({unmade_ ? Verdict::unmade : all_refused_ ? Verdict::refused : Verdict::bad, first_why_, 0});
    } else {
        try_next();
    }
}

void ProbeRound::end(const health::ProbeOutcome& outcome) {
    const auto self = shared_from_this();
    const auto ended = std::exchange(ended_, nullptr);
    cancel();
    ended(order_, outcome);
}

void ProbeRound::cancel() {
    ended_ = nullptr;
    timer_.cancel();
    for (const auto id : std::exchange(under_way_, {})) {
        outbound_.cancel(id);
    }
}

class Prober::Rounds : public std::enable_shared_from_this<Rounds> {
public:
    Rounds(Loop& loop, Outbound& outbound, EndpointBook& book, std::uint32_t per_second, Ended ended)
        : context_(loop.asio().context),
          outbound_(outbound),
          book_(book),
          allowance_(per_second),
          ended_(std::move(ended)),
          timer_(context_) {}

    void poke();
    void set_limit(std::uint32_t per_second) { allowance_.set(per_second); }
    void stop();
    ProbeCounts counts{};

private:
    void start(ProbeOrder order);
    void set_timer(config::TimePoint when);

    boost::asio::io_context& context_;
    Outbound& outbound_;
    EndpointBook& book_;
    ProbeAllowance allowance_;
    Ended ended_;
    boost::asio::steady_timer timer_;
    std::unordered_set<std::shared_ptr<ProbeRound>> rounds_{};
    bool stopped_{false};
};

void Prober::Rounds::poke() {
    if (stopped_) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    while (true) {
        const auto due = book_.next_probe();
        if (!due) {
            timer_.cancel();
            return;
        }
        if (*due > now) {
            set_timer(*due);
            return;
        }
        if (rounds_.size() >= most_at_once) {
            ++counts.deferred;  // the next one that ends calls again
            timer_.cancel();
            return;
        }
        if (!allowance_.take(now)) {
            ++counts.deferred;
            set_timer(allowance_.next(now));
            return;
        }
        auto order = book_.take_probe(now);
        if (!order) {
            return;
        }
        start(std::move(*order));
    }
}

void Prober::Rounds::set_timer(config::TimePoint when) {
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        if (const auto self = weak.lock(); self && !error) {
            self->poke();
        }
    });
}

void Prober::Rounds::start(ProbeOrder order) {
    const auto round = std::make_shared<ProbeRound>(
        context_, outbound_, std::move(order), [weak = weak_from_this()](const ProbeOrder& done, const health::ProbeOutcome& outcome) {
            const auto self = weak.lock();
            if (!self) {
                return;
            }
            using Verdict = health::ProbeOutcome::Verdict;
            auto& all = self->counts;
            ++(outcome.verdict == Verdict::good ? all.good : outcome.verdict == Verdict::unmade ? all.deferred : all.bad);
            std::erase_if(self->rounds_, [&done](const auto& one) { return &one->order() == &done; });
            self->ended_(done, outcome);
        });
    rounds_.insert(round);
    round->start();
}

void Prober::Rounds::stop() {
    stopped_ = true;
    timer_.cancel();
    for (const auto& round : rounds_) {
        round->cancel();
    }
    rounds_.clear();
}

Prober::Prober(Loop& loop, Outbound& outbound, EndpointBook& book, std::uint32_t per_second, Ended ended)
    : rounds_(std::make_shared<Rounds>(loop, outbound, book, per_second, std::move(ended))) {}
Prober::~Prober() {
    rounds_->stop();
}

void Prober::poke() {
    rounds_->poke();
}
void Prober::set_limit(std::uint32_t per_second) {
    rounds_->set_limit(per_second);
}
void Prober::stop() {
    rounds_->stop();
}
ProbeCounts Prober::counts() const {
    return rounds_->counts;
}

}  // namespace cardea::control
