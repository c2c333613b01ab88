#pragma once
// Lines on disk that outlive the process: appended by a thread of its own, so that a slow or full disk stops nobody, in a
// file that is renamed to PATH.1 and begun anew when it is full. What a crash left half written is closed with a line feed
// at the next open; readers skip it.

#include "config/result.hpp"
#include "config/units.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cardea::observe {

class LineFile {
public:
    static constexpr std::size_t waiting_max = std::size_t{4} << 20U;  ///< bytes that wait for the disk

    /// Makes the file when there is none; it is readable by its owner alone.
    static config::Result<std::unique_ptr<LineFile>> open(const std::string& path, config::Bytes size_max);
    /// The newest lines of PATH.1 and PATH, oldest first, without line feeds; none when there are no such files.
    static std::vector<std::string> read(const std::string& path, std::size_t newest);

    /// Writes what waits, then ends the thread.
    ~LineFile();
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    /// One thread; never blocks. Lost and counted while too much waits or the disk refuses it.
    void append(std::string_view line);
    [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

private:
    LineFile(std::string path, int descriptor, std::uint64_t size, config::Bytes size_max);
    void run();
    void write_out(const std::string& lines);
    void write_some(std::string_view lines);
    void rotate();

    const std::string path_;
    const std::uint64_t size_max_;
    int descriptor_;  // the thread's, with all up to torn_
    std::uint64_t size_;
    bool torn_{false};  // the file ends within a line
    std::atomic<std::uint64_t> lost_{0};
    std::mutex mutex_{};  // guards waiting_ and stopping_; held for an append or a swap
    std::condition_variable wake_{};
    std::string waiting_{};
    bool stopping_{false};
    std::thread thread_;
};

}  // namespace cardea::observe
