#include "proxy/observe/access_log.hpp"

#include "proxy/observe/combined.hpp"
#include "proxy/observe/json_line.hpp"
#include "proxy/observe/line_ring.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace cardea::observe {

namespace {

constexpr std::size_t wake_threshold = std::size_t{64} * 1024;
constexpr auto write_interval = std::chrono::milliseconds(200);
constexpr std::size_t pipe_piece_max = 4096;  // what a pipe that polls writable takes at once (PIPE_BUF)
constexpr int patience_ms = 1000;

}  // namespace

class AccessLog::Sink final : public RecordSink {
public:
    Sink(Counter& dropped, std::condition_variable& wake) : dropped_(dropped), wake_(wake) { set_wanted(false); }

    void write(const Record& record, config::WallTime now) override {
        if (!wanted()) {
            return;
        }
        line_.clear();
        if (json_.load(std::memory_order_relaxed)) {
            append_json(record, utc_.text(now), line_);
        } else {
            append_combined(record, local_.text(now), line_);
        }
        const bool was_low = ring.waiting() < wake_threshold;
        if (!ring.put(line_)) {
            dropped_.add();
        } else if (was_low && ring.waiting() >= wake_threshold) {
            wake_.notify_one();
        }
    }

    void set_format(config::AccessLog::Format format) { json_.store(format == config::AccessLog::Format::json, std::memory_order_relaxed); }

    LineRing ring;

private:
    Counter& dropped_;
    std::condition_variable& wake_;
    std::atomic<bool> json_{false};
    LocalTime local_;
    UtcTime utc_;
    std::string line_;  // keeps its room from line to line
};

/// Where lines go. Only the log thread writes; pipes and terminals are asked before each piece, so that it can be stopped.
class AccessLog::Output {
public:
    Output(int descriptor, bool owned) : descriptor_(descriptor), owned_(owned) {
        struct stat what{};
        waits_ = ::fstat(descriptor, &what) != 0 || !S_ISREG(what.st_mode);
    }
    ~Output() {
        if (owned_) {
            ::close(descriptor_);
        }
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    enum class End : std::uint8_t { done, stalled, failed };
    struct Written {
        std::size_t bytes{0};
        End end{End::done};
    };
    /// `stalled`: nothing moved for a second. Behind a line that could not be ended, the next one begins anew.
    [[nodiscard]] Written write(std::string_view text) {
        if (torn_ && write_some("\n").end != End::done) {
            return {0, End::failed};
        }
        within_line_ = within_line_ && !torn_;
        const Written written = write_some(text);
        within_line_ = written.bytes > 0 ? text[written.bytes - 1] != '\n' : within_line_;
        torn_ = within_line_ && written.end == End::failed;
        return written;
    }

private:
    [[nodiscard]] Written write_some(std::string_view text) const {
        std::size_t done = 0;
        while (done < text.size()) {
            std::string_view piece = text.substr(done);
            if (waits_) {
                pollfd ready{descriptor_, POLLOUT, 0};
                const int polled = ::poll(&ready, 1, patience_ms);
                if (polled == 0) {
                    return {done, End::stalled};
                }
                if (polled < 0 || (ready.revents & POLLOUT) == 0) {
                    return {done, End::failed};
                }
                piece = whole_lines(piece);
            }
            const auto n = ::write(descriptor_, piece.data(), piece.size());
            if (n <= 0 && errno != EINTR) {
                return {done, End::failed};
            }
            done += n > 0 ? static_cast<std::size_t>(n) : 0;
        }
        return {done, End::done};
    }

    /// Other writers may share the pipe: lines stay whole where they fit.
    static std::string_view whole_lines(std::string_view text) {
        if (text.size() <= pipe_piece_max) {
            return text;
        }
        const auto end = text.rfind('\n', pipe_piece_max - 1);
        return text.substr(0, end == std::string_view::npos ? pipe_piece_max : end + 1);
    }

    const int descriptor_;
    const bool owned_;
    bool waits_{true};
    bool within_line_{false};  ///< what was written last ends in one
    bool torn_{false};         ///< and the rest of that was given up
};

AccessLog::AccessLog(const std::vector<Counter*>& dropped) {
    for (Counter* const counter : dropped) {
        sinks_.push_back(std::make_unique<Sink>(*counter, wake_));
    }
    thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

RecordSink& AccessLog::sink(std::size_t worker) {
    return *sinks_.at(worker);
}

config::Result<void> AccessLog::apply(const config::AccessLog& where) {
    std::shared_ptr<Output> next;
    switch (where.output) {
        case config::AccessLog::Output::none:
            break;
        case config::AccessLog::Output::standard_output:
            next = std::make_shared<Output>(STDOUT_FILENO, false);
            break;
        case config::AccessLog::Output::standard_error:
            next = std::make_shared<Output>(STDERR_FILENO, false);
            break;
        case config::AccessLog::Output::file: {
            const int descriptor = ::open(where.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
            if (descriptor < 0) {
                return config::failure("access log `" + where.path + "` cannot be opened: " + std::strerror(errno));
            }
            next = std::make_shared<Output>(descriptor, true);
            break;
        }
    }
    where_ = where;
    for (const auto& sink : sinks_) {
        sink->set_format(where.format);
        sink->set_wanted(next != nullptr);
    }
    {
        const std::lock_guard lock(mutex_);
        if (output_) {
            retired_.push_back(std::move(output_));
        }
        output_ = std::move(next);
    }
    wake_.notify_one();
    return {};
}

config::Result<void> AccessLog::reopen() {
    if (where_.output != config::AccessLog::Output::file) {
        return {};
    }
    return apply(where_);
}

void AccessLog::run() {
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        if (!stopping_ && retired_.empty()) {
            if (output_) {
                wake_.wait_for(lock, write_interval);
            } else {
                wake_.wait(lock);
            }
        }
        last = stopping_;
        const auto retired = std::exchange(retired_, {});
        const auto output = output_;
        lock.unlock();
        for (const auto& former : retired) {
            write_out(*former, last);  // what was logged before it was replaced
        }
        if (output) {
            write_out(*output, last);
        }
        lock.lock();
    }
}

void AccessLog::write_out(Output& output, bool last) {
    for (const auto& sink : sinks_) {
        for (const auto piece : sink->ring.readable()) {
            const auto written = output.write(piece);
            if (written.end == Output::End::stalled && !last) {
                sink->ring.take(written.bytes);  // the rest waits in the ring, which drops and counts what it cannot hold
                return;
            }
            const auto lost = piece.substr(written.bytes);
            lost_.fetch_add(static_cast<std::uint64_t>(std::ranges::count(lost, '\n')), std::memory_order_relaxed);
            sink->ring.take(piece.size());
            if (written.end == Output::End::stalled) {
                return;
            }
        }
    }
}

}  // namespace cardea::observe
