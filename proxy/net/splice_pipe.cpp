#include "proxy/net/splice_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace cardea::net {

IoResult Pipe::draw(Stream& from, std::size_t limit) {
    const IoResult got = from.splice_into(in_.get(), limit);
    held_ += got.bytes;
    return got;
}

IoResult Pipe::drain(Stream& to) {
    IoResult result{Io::done, 0};
    while (held_ > 0 && result.io == Io::done) {
        const IoResult gone = to.splice_out_of(out_.get(), held_);
        held_ -= gone.bytes;
        result = {gone.io, result.bytes + gone.bytes};
    }
    return result;
}

PipePool::~PipePool() {
    count_->made.fetch_sub(static_cast<std::uint32_t>(idle_.size()), std::memory_order_relaxed);
}

PipePool::Borrowed PipePool::borrow() {
    if (!idle_.empty()) {
        std::unique_ptr<Pipe> pipe = std::move(idle_.back());
        idle_.pop_back();
        return Borrowed(pipe.release(), Return{this});
    }
    if (count_->made.fetch_add(1, std::memory_order_relaxed) < count_->most.load(std::memory_order_relaxed)) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0) {
            // Refused to a user that has many pipes already: then it holds what it holds.
            (void)::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(pipe_bytes));
            return Borrowed(std::make_unique<Pipe>(Descriptor(ends[0]), Descriptor(ends[1])).release(), Return{this});
        }
    }
    count_->made.fetch_sub(1, std::memory_order_relaxed);
    return Borrowed(nullptr, Return{this});
}

void PipePool::Return::operator()(Pipe* pipe) const {
    pool->give_back(std::unique_ptr<Pipe>(pipe));
}

void PipePool::give_back(std::unique_ptr<Pipe> pipe) {
    if (pipe->empty() && idle_.size() < kept &&
        count_->made.load(std::memory_order_relaxed) <= count_->most.load(std::memory_order_relaxed)) {
        idle_.push_back(std::move(pipe));
        return;
    }
    count_->made.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace cardea::net
