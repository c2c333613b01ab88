#include "proxy/admin/event_stream.hpp"

#include "proxy/admin/journal_json.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>

namespace cardea::admin {

namespace {

constexpr auto follower_patience = std::chrono::seconds(30);  // to take a batch
constexpr auto heartbeat = std::chrono::seconds(15);          // so that both sides and what is between know of each other
constexpr std::size_t batch_bytes = 64 * 1024;
constexpr std::size_t batch_entries = 256;

}  // namespace

std::size_t Followers::count() {
    std::erase_if(streams_, [](const auto& stream) { return stream.expired(); });
    return streams_.size();
}

bool Followers::have_room() {
    const bool room = count() < most_;
    refused_ += room ? 0U : 1U;
    return room;
}

void Followers::add(EventStream::Socket socket, std::string head, Follow follow) {
    auto stream = std::make_shared<EventStream>(std::move(socket), std::move(head), std::move(follow), *this);
    streams_.push_back(stream);
    stream->start();
}

void Followers::wake() {
    const auto streams = streams_;  // one that ends takes nothing away under our hands
    for (const auto& weak : streams) {
        if (const auto stream = weak.lock()) {
            stream->wake();
        }
    }
}

void Followers::stop() {
    for (const auto& weak : std::exchange(streams_, {})) {
        if (const auto stream = weak.lock()) {
            stream->close();
        }
    }
}

void Followers::count_dropped(std::string_view why) {
    ++dropped_;
    log_.warning("follower_dropped", {{"why", why}});
}

EventStream::EventStream(Socket socket, std::string head, Follow follow, Followers& followers)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      output_(std::move(head)),
      follow_(std::move(follow)),
      followers_(&followers) {}

void EventStream::start() {
    const auto& journal = followers_->journal();
    // An id of before a restart, or of long ago: what came in between is not here.
    if (follow_.after + 1 < journal.first_id() && follow_.resumed) {
        output_ += gap_text("gap", "the entries after " + std::to_string(follow_.after) + " are no longer kept");
    }
    follow_.after = std::min(follow_.after, journal.last_id());
    listen();
    say_more();
}

/// To notice that the reader has left.
void EventStream::listen() {
    socket_.async_read_some(boost::asio::buffer(room_),
                            [self = shared_from_this()](const boost::system::error_code& error, std::size_t /*size*/) {
                                if (error) {
                                    self->close();
                                } else if (self->followers_ != nullptr) {
                                    self->listen();
                                }
                            });
}

void EventStream::wake() {
    if (!writing_) {
        say_more();
    }
}

void EventStream::close() {
    followers_ = nullptr;
    timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void EventStream::say_more() {
    if (followers_ == nullptr || writing_) {
        return;
    }
    const auto& journal = followers_->journal();
    if (follow_.started && follow_.after + 1 < journal.first_id()) {
        followers_->count_dropped("slower than the journal");
        output_ += gap_text("dropped", "too slow: the entries after " + std::to_string(follow_.after) + " have made way");
        last_words_ = true;
    } else {
        for (;;) {
            const auto entries = journal.next(follow_.after, batch_entries);
            for (const auto* const entry : entries) {
                if ((follow_.service.empty() || entry->service == follow_.service) && entry->at >= follow_.since) {
                    output_ += event_text(*entry);
                }
                follow_.after = entry->id;
                if (output_.size() >= batch_bytes) {
                    break;
                }
            }
            if (entries.empty() || output_.size() >= batch_bytes) {
                break;
            }
        }
        follow_.started = true;
    }
    if (output_.empty()) {
        rest();
    } else {
        write();
    }
}

void EventStream::write() {
    writing_ = true;
    timer_.expires_after(follower_patience);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = error ? nullptr : weak.lock();
        if (self && self->followers_ != nullptr) {
            self->followers_->count_dropped("nothing taken for 30 s");
            self->close();
        }
    });
    boost::asio::async_write(socket_, boost::asio::buffer(output_),
                             [self = shared_from_this()](const boost::system::error_code& error, std::size_t /*size*/) {
                                 self->writing_ = false;
                                 self->output_.clear();
                                 if (error || self->last_words_) {
                                     self->close();
                                 } else {
                                     self->say_more();
                                 }
                             });
}

/// Nothing to say: a comment from time to time.
void EventStream::rest() {
    timer_.expires_after(heartbeat);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = error ? nullptr : weak.lock();
        if (self && self->followers_ != nullptr && !self->writing_) {
            self->output_ = ": still here\n\n";
            self->write();
        }
    });
}

}  // namespace cardea::admin
