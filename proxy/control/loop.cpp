#include "proxy/control/loop_asio.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace cardea::control {

Loop::Loop() : asio_(std::make_unique<Asio>()) {}
Loop::~Loop() = default;

void Loop::run() {
    const auto keep_running = boost::asio::make_work_guard(asio_->context);
    asio_->context.run();
}

void Loop::stop() {
    // Behind what was posted before, so that last words (a journal entry, an answer) are still said.
    boost::asio::post(asio_->context, [this] { asio_->context.stop(); });
}

void Loop::restart() {
    asio_->context.restart();
}

void Loop::post(std::function<void()> task) {
    boost::asio::post(asio_->context, std::move(task));
}

void Loop::at(config::TimePoint when, std::function<void()> task) {
    auto timer = std::make_shared<boost::asio::steady_timer>(asio_->context, when);
    timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) {
        if (!error) {
            task();
        }
    });
}

namespace {

void listen_for(boost::asio::signal_set& set, const std::shared_ptr<std::function<void(int)>>& heard) {
    set.async_wait([&set, heard](const boost::system::error_code& error, int number) {
        if (error) {
            return;
        }
        listen_for(set, heard);  // first, so that a handler that stops the loop leaves nothing half done
        (*heard)(number);
    });
}

}  // namespace

void Loop::on_signals(const std::vector<int>& numbers, std::function<void(int)> heard) {
    auto set = std::make_unique<boost::asio::signal_set>(asio_->context);
    for (const int number : numbers) {
        set->add(number);
    }
    listen_for(*set, std::make_shared<std::function<void(int)>>(std::move(heard)));
    asio_->signals.push_back(std::move(set));
}

struct Alarm::Timer {
    explicit Timer(boost::asio::io_context& context) : timer(context) {}
    boost::asio::steady_timer timer;
    std::uint64_t setting{0};  ///< a ring that was on its way when the time was moved must not be heard
};

Alarm::Alarm(Loop& loop) : timer_(std::make_shared<Timer>(loop.asio().context)) {}
Alarm::~Alarm() {
    cancel();
}

void Alarm::set(config::TimePoint when, std::function<void()> ring) {
    const std::uint64_t mine = ++timer_->setting;
    timer_->timer.expires_at(when);
    timer_->timer.async_wait([weak = std::weak_ptr(timer_), mine, ring = std::move(ring)](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error && self->setting == mine) {
            ring();
        }
    });
}

void Alarm::cancel() {
    ++timer_->setting;
    timer_->timer.cancel();
}

struct ReadWatch::Watched {
    Watched(boost::asio::io_context& context, int descriptor, std::function<void()> then)
        : stream(context, descriptor), readable(std::move(then)) {}
    boost::asio::posix::stream_descriptor stream;
    const std::function<void()> readable;
    bool ended{false};
};

ReadWatch::ReadWatch(Loop& loop, int descriptor, std::function<void()> readable)
    : watched_(std::make_shared<Watched>(loop.asio().context, descriptor, std::move(readable))) {
    wait(watched_);
}

ReadWatch::~ReadWatch() {
    watched_->ended = true;
    (void)watched_->stream.release();
}

void ReadWatch::wait(const std::shared_ptr<Watched>& watched) {
    watched->stream.async_wait(boost::asio::posix::stream_descriptor::wait_read, [watched](const boost::system::error_code& error) {
        if (error || watched->ended) {
            return;
        }
        watched->readable();
        if (!watched->ended) {
            wait(watched);
        }
    });
}

}  // namespace cardea::control
