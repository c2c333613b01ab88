#pragma once
// What a load run saw, one line an event, times in microseconds of the wall clock, so that it can be laid beside the journals
// of origins, engines and registries of the same machine. Buffered; flushed when it is large and at the end. One thread.

#include "perf/load/sockets.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::load {

class Diary {
public:
    explicit Diary(const std::string& path);  ///< appends; `-` is standard output. Throws std::system_error
    ~Diary();
    Diary(const Diary&) = delete;
    Diary& operator=(const Diary&) = delete;

    /// `kind word word ...`; an empty word becomes `-`, a blank in a word `_`.
    template <typename... Words>
    void note(char kind, const Words&... words) {
        text_ += kind;
        (add(words), ...);
        text_ += '\n';
        if (text_.size() > flush_bytes) {
            flush();
        }
    }
    void flush();

    /// A moment of the steady clock as microseconds of the wall clock.
    [[nodiscard]] std::uint64_t wall(Clock::time_point time) const;

private:
    static constexpr std::size_t flush_bytes = std::size_t{32} * 1024;

    void add(std::string_view word);
    void add(std::uint64_t number);

    int file_;
    std::int64_t offset_us_;  ///< wall minus steady
    std::string text_{};
};

}  // namespace cardea::load
