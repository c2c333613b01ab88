#include "proxy/control/state_writer.hpp"

#include "proxy/net/descriptor.hpp"
#include "proxy/observe/same_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

namespace cardea::control {

namespace {

tl::unexpected<config::Error> state_failure(const std::string& what) {
    return config::failure(what + ": " + std::strerror(errno));
}

/// Everything, on the disk, or the reason why not.
config::Result<void> write_and_sync(int file, const std::string& name, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(file, content.data(), content.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return state_failure("cannot write " + name);
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file) != 0) {
        return state_failure("cannot sync " + name);
    }
    return {};
}

/// Empty, and locked until it is closed: during an upgrade two processes write the same state, and what one has renamed is not
/// the other's to begin anew.
config::Result<net::Descriptor> open_alone(const std::string& path) {
    for (;;) {
        net::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file || ::flock(file.get(), LOCK_EX) != 0) {
            return state_failure("cannot open " + path);
        }
        if (observe::is_at(file.get(), path)) {
            if (::ftruncate(file.get(), 0) != 0) {
                return state_failure("cannot empty " + path);
            }
            return file;
        }
    }
}

using Lines = std::map<std::string, discovery::Remembered>;

void merge_into(Lines& lines, StateWriter::Update& update) {
    lines.merge(update.recalled);
    for (const std::string& query : update.dropped) {
        lines.erase(query);
    }
    for (const std::string& query : update.confirmed) {
        if (const auto line = lines.find(query); line != lines.end()) {
            line->second.confirmed = update.now;
        }
    }
    for (const auto& [query, facts] : update.said) {
        lines[query] = {discovery::remember_query(query, facts), update.now};
    }
}

}  // namespace

config::Result<void> replace_file(const std::string& path, std::string_view content) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return state_failure("cannot make " + folder);
    }
    const std::string beside = path + ".new";
    const auto file = open_alone(beside);
    if (!file) {
        return tl::make_unexpected(file.error());
    }
    if (auto written = write_and_sync(file->get(), beside, content); !written) {
        ::unlink(beside.c_str());
        return written;
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        return state_failure("cannot replace " + path);
    }
    const net::Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) {
        ::fsync(directory.get());  // some file systems cannot; the file is whole either way
    }
    return {};
}

StateWriter::StateWriter(std::function<void(const std::string&, const std::string&)> done)
    : done_(std::move(done)), thread_([this] { run(); }) {}

StateWriter::~StateWriter() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void StateWriter::write(const std::string& path, Update update) {
    {
        const std::lock_guard lock(mutex_);
        Update& waiting = waiting_[path];
        waiting.owner = std::move(update.owner);
        waiting.now = update.now;
        waiting.recalled.merge(update.recalled);
        for (const std::string& query : update.dropped) {
            waiting.said.erase(query);
            waiting.confirmed.erase(query);
        }
        for (auto& [query, facts] : update.said) {
            waiting.dropped.erase(query);
            waiting.said[query] = std::move(facts);
        }
        waiting.dropped.merge(update.dropped);
        waiting.confirmed.merge(update.confirmed);
    }
    wake_.notify_one();
}

void StateWriter::run() {
    std::map<std::string, Lines> files;
    for (;;) {
        std::map<std::string, Update> work;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
            work = std::exchange(waiting_, {});
            if (work.empty()) {
                return;
            }
        }
        for (auto& [path, update] : work) {
            Lines& lines = files[path];
            merge_into(lines, update);
            const auto written = replace_file(path, discovery::write_last_good(update.owner, lines));
            done_(path, written ? std::string{} : written.error().what);
        }
    }
}

}  // namespace cardea::control
