#include "proxy/observe/line_file.hpp"

#include "proxy/observe/same_file.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

namespace cardea::observe {

namespace {

int open_lines(const std::string& path) {
    return ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
}

std::uint64_t file_size(int descriptor) {
    struct stat what{};
    return ::fstat(descriptor, &what) == 0 ? static_cast<std::uint64_t>(what.st_size) : 0;
}

bool ends_within_line(int descriptor, std::uint64_t size) {
    char last = '\n';
    return size > 0 && ::pread(descriptor, &last, 1, static_cast<off_t>(size - 1)) == 1 && last != '\n';
}

std::uint64_t count_lines(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

void read_lines(const std::string& path, std::vector<std::string>& out) {
    std::ifstream file(path, std::ios::binary);
    for (std::string line; std::getline(file, line);) {
        out.push_back(std::move(line));
    }
}

}  // namespace

config::Result<std::unique_ptr<LineFile>> LineFile::open(const std::string& path, config::Bytes size_max) {
    const int descriptor = open_lines(path);
    struct stat what{};
    if (descriptor < 0) {
        return config::failure("`" + path + "` cannot be opened: " + std::strerror(errno));
    }
    if (::fstat(descriptor, &what) != 0 || !S_ISREG(what.st_mode)) {
        ::close(descriptor);
        return config::failure("`" + path + "` is not a regular file");
    }
    return std::unique_ptr<LineFile>(new LineFile(path, descriptor, static_cast<std::uint64_t>(what.st_size), size_max));
}

std::vector<std::string> LineFile::read(const std::string& path, std::size_t newest) {
    std::vector<std::string> lines;
    read_lines(path + ".1", lines);
    read_lines(path, lines);
    if (lines.size() > newest) {
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(newest));
    }
    return lines;
}

LineFile::LineFile(std::string path, int descriptor, std::uint64_t size, config::Bytes size_max)
    : path_(std::move(path)),
      size_max_(size_max.count),
      descriptor_(descriptor),
      size_(size),
      torn_(ends_within_line(descriptor, size)),
      thread_([this] {
          sigset_t all{};
          ::sigfillset(&all);
          ::pthread_sigmask(SIG_SETMASK, &all, nullptr);  // signals are another thread's affair
          ::pthread_setname_np(::pthread_self(), "journal");
          run();
      }) {}

LineFile::~LineFile() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    ::close(descriptor_);
}

void LineFile::append(std::string_view line) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() + line.size() + 1 > waiting_max) {
            lost_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        waiting_.append(line).push_back('\n');
    }
    wake_.notify_one();
}

void LineFile::run() {
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        last = stopping_;
        const std::string lines = std::exchange(waiting_, {});
        lock.unlock();
        write_out(lines);
        lock.lock();
    }
}

/// Piece by piece, each of whole lines, so that no file grows beyond its size by more than a line.
void LineFile::write_out(const std::string& lines) {
    std::string_view rest = lines;
    size_ = file_size(descriptor_);  // another process may write to it, too
    while (!rest.empty()) {
        const std::uint64_t room = size_max_ > size_ ? size_max_ - size_ : 0;
        auto end = rest.size() <= room ? rest.size() : rest.rfind('\n', static_cast<std::size_t>(room)) + 1;
        if (end == 0) {  // not even one line fits
            if (size_ > 0) {
                rotate();
            }
            end = rest.find('\n') + 1;
        }
        write_some(rest.substr(0, end));
        rest.remove_prefix(end);
    }
}

void LineFile::write_some(std::string_view lines) {
    std::string closed;
    if (torn_) {
        closed.append("\n").append(lines);
        lines = closed;
    }
    std::size_t done = 0;
    while (done < lines.size()) {
        const auto n = ::write(descriptor_, lines.data() + done, lines.size() - done);
        if (n <= 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    lost_.fetch_add(count_lines(lines.substr(done)), std::memory_order_relaxed);
    size_ += done;
    torn_ = done == 0 ? torn_ : lines[done - 1] != '\n';
}

/// During an upgrade two processes write here: the one that comes second goes on in the file that the first has begun.
void LineFile::rotate() {
    ::flock(descriptor_, LOCK_EX);  // a file system without locks has no upgrade at the same moment either
    if (is_at(descriptor_, path_) && ::rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
        if (::ftruncate(descriptor_, 0) == 0) {  // rather an old beginning lost than a file without end
            size_ = 0;
            torn_ = false;
        }
    } else if (const int fresh = open_lines(path_); fresh >= 0) {  // else goes on in the renamed one; the next attempt may succeed
        ::close(descriptor_);
        descriptor_ = fresh;
        size_ = file_size(fresh);
        torn_ = false;
    }
    ::flock(descriptor_, LOCK_UN);
}

}  // namespace cardea::observe
