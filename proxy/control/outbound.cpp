#include "proxy/control/outbound_pool.hpp"

#include <algorithm>

namespace cardea::control {

namespace {

constexpr std::size_t max_idle_per_place = 128;          // as many as one source may have long polls
constexpr auto max_idle_age = std::chrono::seconds(50);  // below the minute after which most servers hang up

}  // namespace

std::string Place::key() const {
    return config::to_string(address) +
           (tls.enabled ? '\n' + tls.ca + '\n' + tls.cert + '\n' + tls.key + '\n' + tls.server_name + (tls.verify ? "\n1" : "\n0") : "");
}

std::string Place::host() const {
    return address.kind == config::Address::Kind::unix_path ? std::string("localhost") : config::to_string(address);
}

std::shared_ptr<Channel> Outbound::Pool::take(const std::string& key) {
    const auto found = idle_.find(key);
    while (found != idle_.end() && !found->second.empty()) {
        const auto channel = std::move(found->second.back().channel);
        found->second.pop_back();
        if (channel->quiet()) {
            return channel;
        }
        channel->close();
    }
    return nullptr;
}

void Outbound::Pool::keep(const std::string& key, std::shared_ptr<Channel> channel) {
    auto& list = idle_[key];
    if (list.size() == max_idle_per_place) {
        channel->close();
        return;
    }
    list.push_back({std::move(channel), std::chrono::steady_clock::now()});
    sweep_later();
}

void Outbound::Pool::sweep_later() {
    if (sweeping_ || idle_.empty()) {
        return;
    }
    sweeping_ = true;
    sweeper_.expires_after(std::chrono::seconds(5));
    sweeper_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (error || !self) {
            return;
        }
        self->sweeping_ = false;
        const auto oldest = std::chrono::steady_clock::now() - max_idle_age;
        for (auto entry = self->idle_.begin(); entry != self->idle_.end();) {
            auto& list = entry->second;
            const auto gone = std::remove_if(list.begin(), list.end(), [oldest](const Idle& idle) {
                const bool old = idle.since < oldest || !idle.channel->quiet();
                if (old) {
                    idle.channel->close();
                }
                return old;
            });
            list.erase(gone, list.end());
            entry = list.empty() ? self->idle_.erase(entry) : std::next(entry);
        }
        self->sweep_later();
    });
}

std::size_t Outbound::Pool::idle() const {
    std::size_t count = 0;
    for (const auto& [key, list] : idle_) {
        count += list.size();
    }
    return count;
}

void Outbound::Pool::stop() {
    while (!exchanges.empty()) {
        const auto last = exchanges.begin()->second;
        last->drop();
    }
    for (auto& [key, list] : idle_) {
        for (auto& idle : list) {
            idle.channel->close();
        }
    }
    idle_.clear();
    sweeper_.cancel();
}

Outbound::Outbound(Loop& loop, Resolve resolve) : pool_(std::make_shared<Pool>(loop, std::move(resolve))) {}
Outbound::~Outbound() {
    pool_->stop();
}

Outbound::Id Outbound::fetch(const Place& place, OutboundRequest request, Done done) {
    const Id id = pool_->next_id++;
    const auto timeout = request.timeout;
    const auto exchange = std::make_shared<Pool::Exchange>(pool_, id, place, std::move(request));
    exchange->done = std::move(done);
    pool_->exchanges.emplace(id, exchange);
    exchange->start(timeout);
    return id;
}

Outbound::Id Outbound::open(const Place& place, OutboundRequest request, StreamCallbacks callbacks) {
    const Id id = pool_->next_id++;
    const auto timeout = request.timeout;
    request.fresh = true;
    const auto exchange = std::make_shared<Pool::Exchange>(pool_, id, place, std::move(request));
    exchange->stream = std::move(callbacks);
    pool_->exchanges.emplace(id, exchange);
    exchange->start(timeout);
    return id;
}

Outbound::Id Outbound::touch(const Place& place, config::Duration connect_timeout, config::Duration hold, Held done) {
    const Id id = pool_->next_id++;
    OutboundRequest request;
    request.connect_timeout = connect_timeout;
    const auto exchange = std::make_shared<Pool::Exchange>(pool_, id, place, std::move(request));
    exchange->held = std::move(done);
    exchange->hold = hold;
    pool_->exchanges.emplace(id, exchange);
    exchange->start(connect_timeout + hold);
    return id;
}

void Outbound::cancel(Id id) {
    if (const auto found = pool_->exchanges.find(id); found != pool_->exchanges.end()) {
        const auto exchange = found->second;
        exchange->drop();
    }
}

void Outbound::stop() {
    pool_->stop();
}
std::size_t Outbound::idle_connections() const {
    return pool_->idle();
}

}  // namespace cardea::control
