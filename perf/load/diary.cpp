#include "perf/load/diary.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace cardea::load {

namespace {

template <typename Time>
std::int64_t microseconds(Time time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

}  // namespace

Diary::Diary(const std::string& path)
    : file_(path == "-" ? STDOUT_FILENO : open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)),
      offset_us_(microseconds(std::chrono::system_clock::now()) - microseconds(Clock::now())) {
    if (file_ < 0) {
        throw std::system_error(errno, std::generic_category(), path);
    }
}

Diary::~Diary() {
    flush();
    close(file_);
}

void Diary::flush() {
    std::size_t written = 0;
    while (written < text_.size()) {
        const auto count = write(file_, text_.data() + written, text_.size() - written);
        if (count <= 0) {
            break;  // nobody reads it any more
        }
        written += static_cast<std::size_t>(count);
    }
    text_.clear();
}

std::uint64_t Diary::wall(Clock::time_point time) const {
    return static_cast<std::uint64_t>(microseconds(time) + offset_us_);
}

void Diary::add(std::string_view word) {
    text_ += ' ';
    if (word.empty()) {
        text_ += '-';
    }
    for (const char letter : word) {
        text_ += letter > ' ' ? letter : '_';
    }
}

void Diary::add(std::uint64_t number) {
    text_ += ' ';
    text_ += std::to_string(number);
}

}  // namespace cardea::load
