#pragma once
// The control thread: one event loop that everything outside the data plane shares (providers, probes, reload, admin).
// Cheap to include: Asio is behind it (control/loop_asio.hpp, for proxy/control and proxy/admin only).

#include "config/units.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace cardea::control {

class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs on the calling thread, which becomes the control thread, until stop().
    void run();
    /// Any thread. What has been posted before still runs.
    void stop();
    /// After run() has returned: it may be called again.
    void restart();
    /// Any thread: `task` runs on the control thread.
    void post(std::function<void()> task);
    /// Control thread or before run(): `task` runs once at `when` or soon after.
    void at(config::TimePoint when, std::function<void()> task);
    /// Before run(): calls `heard` with the signal's number, on the control thread, each time one of them arrives.
    void on_signals(const std::vector<int>& numbers, std::function<void(int)> heard);

    struct Asio;  ///< control/loop_asio.hpp
    [[nodiscard]] Asio& asio() { return *asio_; }

private:
    std::unique_ptr<Asio> asio_;
};

/// Rings once at a time that can be moved. Control thread.
class Alarm {
public:
    explicit Alarm(Loop& loop);
    ~Alarm();
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    /// Replaces an earlier time; `ring` is called on the loop, never inside this call.
    void set(config::TimePoint when, std::function<void()> ring);
    void cancel();

private:
    struct Timer;
    std::shared_ptr<Timer> timer_;
};

/// Tells when a descriptor can be read, each time anew after having told. The descriptor stays its owner's and outlives this.
/// Control thread.
class ReadWatch {
public:
    /// `readable` is called on the loop and takes all there is.
    ReadWatch(Loop& loop, int descriptor, std::function<void()> readable);
    ~ReadWatch();
    ReadWatch(const ReadWatch&) = delete;
    ReadWatch& operator=(const ReadWatch&) = delete;

private:
    struct Watched;
    static void wait(const std::shared_ptr<Watched>& watched);
    std::shared_ptr<Watched> watched_;
};

}  // namespace cardea::control
