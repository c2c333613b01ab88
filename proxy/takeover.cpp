#include "proxy/takeover.hpp"

#include "proxy/net/listen_socket.hpp"
#include "proxy/net/parcel.hpp"
#include "proxy/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace cardea::proxy {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_sockets = 8192;
constexpr config::Duration look_every = 10ms;
constexpr config::Duration patient_for = 2s;    // beyond wait_for_sources: for every endpoint to be as ready as in the old process
constexpr config::Duration give_up_after = 5s;  // beyond it

config::Result<net::Descriptor> channel_from(const std::string& number) {
    const auto value = config::parse_unsigned(number, 1U << 20U);
    int type = 0;
    socklen_t size = sizeof type;
    if (!value || ::getsockopt(static_cast<int>(*value), SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
        return config::failure("CARDEA_HANDOVER does not name the channel of a hand-over", {},
                               "it is set by a process that upgrades itself: unset it");
    }
    return net::Descriptor(static_cast<int>(*value));
}

}  // namespace

config::Result<std::unique_ptr<Takeover>> Takeover::receive(config::Files& files, config::Duration patience) {
    const auto number = files.environment(handover_variable);
    if (!number) {
        return std::unique_ptr<Takeover>();
    }
    ::unsetenv(handover_variable);
    auto channel = channel_from(*number);
    if (!channel) {
        return tl::unexpected(channel.error());
    }
    (void)::fcntl(channel->get(), F_SETFD, FD_CLOEXEC);
    auto takeover = std::make_unique<Takeover>(std::move(*channel));
    if (auto read = takeover->read_offer(std::chrono::steady_clock::now() + patience); !read) {
        takeover->failed(read.error().what);
        return tl::unexpected(read.error());
    }
    return takeover;
}

config::Result<void> Takeover::read_offer(config::TimePoint deadline) {
    for (;;) {
        const auto last = read_part();
        if (!last) {
            return tl::unexpected(last.error());
        }
        if (*last) {
            return {};
        }
        const auto left = std::chrono::duration_cast<config::Duration>(deadline - std::chrono::steady_clock::now());
        pollfd wait{channel_.get(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) {
            return config::failure("the running process offers nothing");
        }
    }
}

/// Takes what has come; true when that was the last part.
config::Result<bool> Takeover::read_part() {
    for (;;) {
        auto received = net::receive_parcel(channel_.get());
        if (!received) {
            return tl::unexpected(received.error());
        }
        auto& parcel = *received;
        if (!parcel) {
            return false;
        }
        auto& [text, descriptors] = *parcel;
        if (text.empty()) {
            return config::failure("the running process went away before it had offered everything");
        }
        auto message = accept::parse_handover(text);
        if (!message) {
            return tl::unexpected(message.error());
        }
        const bool fits = message->kind == accept::HandoverMessage::Kind::offer && message->sockets.size() == descriptors.size() &&
                          listeners_.size() + admin_.size() + descriptors.size() <= most_sockets &&
                          std::ranges::all_of(descriptors, [](const auto& one) { return net::listens(one.get()); });
        if (!fits) {
            return config::failure("the offer of the running process does not fit the sockets that came with it");
        }
        for (std::size_t i = 0; i < descriptors.size(); ++i) {
            auto& socket = message->sockets[i];
            if (socket.use == accept::HandoverSocket::Use::admin) {
                admin_.emplace_back(std::move(socket.configured), std::move(descriptors[i]));
            } else {
                listeners_.push_back(
                    {socket.id, std::move(socket.name), std::move(socket.configured), socket.foreign, std::move(descriptors[i])});
            }
        }
        std::ranges::move(message->sources, std::back_inserter(sources_));
        for (auto& service : message->services) {
            services_[std::move(service.name)] = service.eligible;
        }
        for (auto& drain : message->drains) {
            const config::WallTime since{std::chrono::milliseconds{drain.since}};
            drains_.push_back({std::move(drain.service), std::move(drain.endpoint), since, std::move(drain.instances)});
        }
        if (message->last) {
            return true;
        }
    }
}

std::string Takeover::lacking(const std::vector<control::SourceView>& sources, const std::vector<control::ServiceView>& services,
                              bool patient) const {
    for (const auto& source : sources) {
        const bool known = source.synced || (!patient && source.restored != 0);
        if (!known && std::ranges::find(sources_, source.name) != sources_.end()) {
            return "the source " + source.name + " has not answered yet" + (source.last_error.empty() ? "" : ": " + source.last_error);
        }
    }
    for (const auto& service : services) {
        const auto known = services_.find(service.name);
        const std::size_t before = known == services_.end() ? 0 : known->second;
        const std::size_t enough =
            patient ? std::min<std::size_t>(before, std::max<std::size_t>(1, service.endpoints)) : std::min<std::size_t>(before, 1);
        if (service.eligible < enough) {
            return "the service " + service.name + " has " + std::to_string(service.eligible) + " endpoints ready, and " +
                   std::to_string(before) + " in the running process";
        }
    }
    return {};
}

void Takeover::catch_up(Given given) {
    given_ = std::move(given);
    const auto now = std::chrono::steady_clock::now();
    const auto wait = given_.control->config().process.wait_for_sources;
    patient_until_ = now + wait + patient_for;
    give_up_at_ = now + wait + give_up_after;
    look();
}

void Takeover::look() {
    const auto now = std::chrono::steady_clock::now();
    std::string why = lacking(given_.control->sources(), given_.control->services(), now < patient_until_);
    if (why.empty() && given_.applied()) {
        ready();
    } else if (now < give_up_at_) {
        given_.loop->at(now + look_every, [this] { look(); });
    } else {
        why = why.empty() ? "the workers do not take the newest snapshot" : why;
        failed(why);
        given_.gave_up(why);
    }
}

void Takeover::ready() {
    accept::HandoverMessage message;
    message.kind = accept::HandoverMessage::Kind::ready;
    message.claimed = given_.claimed();
    (void)net::send_parcel(channel_.get(), accept::to_text(message));  // lost when the old process is gone, which is told below
    watch_ = std::make_unique<control::ReadWatch>(*given_.loop, channel_.get(), [this] { heard(); });
}

/// `go`, or the end of the old process: in both cases nobody serves but us. One that gives up on us kills us first.
void Takeover::heard() {
    const auto parcel = net::receive_parcel(channel_.get());
    if (parcel && !*parcel) {
        return;
    }
    watch_.reset();
    channel_.reset();
    const auto go = std::move(given_.go);
    go();  // the end of this object, most likely
}

void Takeover::failed(const std::string& why) {
    accept::HandoverMessage message;
    message.kind = accept::HandoverMessage::Kind::failed;
    message.why = why;
    (void)net::send_parcel(channel_.get(), accept::to_text(message));
    watch_.reset();
}

}  // namespace cardea::proxy
