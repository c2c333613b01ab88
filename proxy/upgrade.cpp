#include "proxy/upgrade.hpp"

#include "proxy/net/parcel.hpp"

#include <chrono>
#include <utility>

namespace cardea::proxy {

namespace {

using namespace std::chrono_literals;

constexpr config::Duration look_for_end = 20ms;
constexpr int looks_for_end = 100;  // then it is killed: it was never let near the doors

config::TimePoint in(config::Duration wait) {
    return std::chrono::steady_clock::now() + wait;
}

}  // namespace

Upgrade::Upgrade(Given given) : given_(std::move(given)), deadline_(*given_.loop) {}

Upgrade::~Upgrade() {
    cancel();
}

void Upgrade::cancel() {
    if (pid_ > 0) {
        given_.launcher->kill(std::exchange(pid_, -1));
    }
    watch_.reset();
    channel_.reset();
}

void Upgrade::begin() {
    if (under_way()) {
        given_.log->info("upgrade_under_way", {{"pid", pid_}});
        return;
    }
    if (const auto started = start(); !started) {
        fail(started.error().what);
        return;
    }
    given_.log->info("upgrade_started", {{"pid", pid_}, {"program", given_.launcher->program()}});
    const auto patience = given_.patience();
    deadline_.set(in(patience), [this, patience] { fail("it was not ready within " + config::to_string(patience)); });
}

config::Result<void> Upgrade::start() {
    auto pair = net::parcel_pair();
    if (!pair) {
        return tl::unexpected(pair.error());
    }
    for (const auto& part : given_.offer()) {
        if (auto sent = net::send_parcel(pair->first.get(), accept::to_text(part.message), part.descriptors); !sent) {
            return config::failure("the offer cannot be made: " + sent.error().what);
        }
    }
    const auto pid = given_.launcher->spawn(pair->second.get());
    if (!pid) {
        return tl::unexpected(pid.error());
    }
    pid_ = *pid;
    channel_ = std::move(pair->first);
    watch_ = std::make_unique<control::ReadWatch>(*given_.loop, channel_.get(), [this] { heard(); });
    return {};
}

void Upgrade::heard() {
    const auto received = net::receive_parcel(channel_.get());
    if (!received) {
        return fail(received.error().what);
    }
    const auto& parcel = *received;
    if (!parcel) {
        return;
    }
    if (parcel->text.empty()) {
        fail("it ended before it was ready", true);
    } else if (const auto message = accept::parse_handover(parcel->text); !message) {
        fail(message.error().what);
    } else {
        heard(*message);
    }
}

void Upgrade::heard(const accept::HandoverMessage& message) {
    if (message.kind != accept::HandoverMessage::Kind::ready) {
        const bool gave_up = message.kind == accept::HandoverMessage::Kind::failed;
        fail(gave_up ? message.why : "it said something out of turn", gave_up);
        return;
    }
    const int pid = pid_;
    given_.succeeded(pid, message.claimed);
    pid_ = -1;  // on its own feet
    deadline_.cancel();
    accept::HandoverMessage go;
    go.kind = accept::HandoverMessage::Kind::go;
    (void)net::send_parcel(channel_.get(), accept::to_text(go));  // lost: the end of the channel says the same
    watch_.reset();
    channel_.reset();
}

void Upgrade::fail(const std::string& why, bool ends_by_itself) {
    deadline_.cancel();
    if (pid_ > 0 && !ends_by_itself) {
        given_.launcher->kill(pid_);  // before the channel ends, which would tell it that nobody serves any more
    }
    watch_.reset();
    channel_.reset();
    if (const int pid = std::exchange(pid_, -1); pid > 0) {
        bury(pid, why, looks_for_end);
        return;
    }
    given_.log->error("upgrade_failed", {{"why", why}, {"effect", "this process keeps serving"}});
    given_.failed();
}

/// Waits for its end, which often says more than it did itself.
void Upgrade::bury(int pid, const std::string& why, int looks_left) {
    auto end = given_.launcher->end_of(pid);
    if (end.empty() && looks_left > 0) {
        given_.loop->at(in(look_for_end), [this, pid, why, looks_left] { bury(pid, why, looks_left - 1); });
        return;
    }
    if (end.empty()) {
        given_.launcher->kill(pid);
        end = "killed";
    }
    given_.log->error("upgrade_failed", {{"pid", pid}, {"why", why}, {"end", end}, {"effect", "this process keeps serving"}});
    given_.failed();
}

}  // namespace cardea::proxy
