#pragma once
// One reader that follows the journal by server-sent events, over its own connection, until it leaves or is too slow. The
// journal itself is the buffer: a reader holds its place and one batch of at most 64 KiB. Control thread.

#include "discovery/journal.hpp"
#include "proxy/admin/pages.hpp"
#include "proxy/control/loop_asio.hpp"
#include "proxy/observe/log.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cardea::admin {

class EventStream;

/// All who follow. Outlived by nothing that it points to; a stream outlives it only until its next wait ends.
class Followers {
public:
    Followers(const discovery::Journal& journal, observe::Log& log) : journal_(journal), log_(log) {}
    void take_at_most(std::size_t most) { most_ = most; }
    [[nodiscard]] bool have_room();  ///< for one more; that there is none is counted
    [[nodiscard]] std::size_t count();
    /// Takes the connection over; `head` is said first.
    void add(boost::asio::generic::stream_protocol::socket socket, std::string head, Follow follow);
    void wake();  ///< the journal has grown
    void stop();

    [[nodiscard]] const discovery::Journal& journal() const { return journal_; }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    void count_dropped(std::string_view why);

private:
    const discovery::Journal& journal_;
    observe::Log& log_;
    std::vector<std::weak_ptr<EventStream>> streams_{};
    std::size_t most_{config::Admin{}.max_followers};
    std::uint64_t dropped_{0}, refused_{0};
};

class EventStream : public std::enable_shared_from_this<EventStream> {
public:
    using Socket = boost::asio::generic::stream_protocol::socket;

    EventStream(Socket socket, std::string head, Follow follow, Followers& followers);
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;
    void start();
    void wake();
    void close();  ///< forgets the followers: they may go away afterwards

private:
    void listen();
    void say_more();
    void write();
    void rest();

    Socket socket_;
    boost::asio::steady_timer timer_;
    std::string output_;
    Follow follow_;
    Followers* followers_;  ///< null once closed
    bool writing_{false}, last_words_{false};
    std::array<char, 512> room_{};  ///< what a reader says is not read
};

}  // namespace cardea::admin
