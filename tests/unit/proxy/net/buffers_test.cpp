// Blocks, inlets, outlets and the mailbox.
#include "perf/micro/allocations.hpp"
#include "proxy/net/held_bytes.hpp"
#include "proxy/net/inlet.hpp"
#include "proxy/net/mailbox.hpp"
#include "proxy/net/outlet.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

TEST(BlockPool, reuses_what_came_back_and_counts_what_is_out) {
    BlockPool pool;
    std::uintptr_t first = 0;
    {
        const Block block = pool.take(3000);
        first = reinterpret_cast<std::uintptr_t>(block.data());
        EXPECT_GE(block.size(), 3000U);
        EXPECT_EQ(pool.bytes_out(), block.size());
    }
    EXPECT_EQ(pool.bytes_out(), 0U);
    const std::uint64_t before = micro::allocations_of_this_thread();
    const Block again = pool.take(4000);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(again.data()), first);
    EXPECT_EQ(micro::allocations_of_this_thread(), before);
}

TEST(BlockPool, keeps_a_bounded_amount) {
    BlockPool pool;
    std::vector<Block> blocks;
    for (int i = 0; i < 200; ++i) {
        blocks.push_back(pool.take(60'000));
    }
    blocks.clear();
    const std::uint64_t before = micro::allocations_of_this_thread();
    for (int i = 0; i < 200; ++i) {
        blocks.push_back(pool.take(60'000));
    }
    EXPECT_GT(micro::allocations_of_this_thread() - before, 100U) << "most of it went back to the heap";
}

TEST(BlockPool, says_what_fits_into_so_much_memory) {
    EXPECT_EQ(BlockPool::largest_within(511), 0U);
    EXPECT_EQ(BlockPool::largest_within(512), 512U);
    EXPECT_EQ(BlockPool::largest_within(32767), 16384U);
    BlockPool pool;
    EXPECT_EQ(pool.take(BlockPool::largest_within(34'000)).size(), 32768U);
}

TEST(BlockPool, gives_more_than_its_largest_class) {
    BlockPool pool;
    const Block block = pool.take(10'000'000);
    EXPECT_GE(block.size(), 10'000'000U);
}

/// A connected pair; the first is watched as a stream.
class StreamTest : public ::testing::Test {
protected:
    StreamTest() {
        std::array<int, 2> both{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both.data()), 0);
        EXPECT_TRUE(stream.adopt(both[0]));
        other = both[1];
        poller.wait(0ms);
    }
    ~StreamTest() override { ::close(other); }
    std::string received(std::size_t at_most) const {
        std::string text(at_most, '\0');
        const ssize_t got = ::recv(other, text.data(), text.size(), 0);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    void say(std::string_view text) {
        EXPECT_EQ(::send(other, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
        poller.wait(0ms);
    }
    Poller poller;
    Stream stream{poller};
    int other{-1};
    BlockPool blocks;
    std::unique_ptr<Scratch> scratch = std::make_unique<Scratch>();
    Inlet::Buffers buffers{blocks, *scratch};
};

TEST(HeldBytes, are_a_copy_that_counts_wherever_it_lies) {
    BlockPool pool;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{512}, std::size_t{513}, std::size_t{5000}}) {
        std::string text(size, 'x');
        {
            HeldBytes held(pool);
            EXPECT_EQ(pool.bytes_out(), 0U);
            held.hold(text);
            const std::string before = text;
            text.assign(size, 'y');
            EXPECT_EQ(held.bytes(), before);
            EXPECT_GE(held.memory(), size);
            EXPECT_EQ(pool.bytes_out(), held.memory());
        }
        EXPECT_EQ(pool.bytes_out(), 0U);
    }
}

TEST_F(StreamTest, an_inlet_keeps_only_what_is_left_and_only_when_told) {
    Inlet inlet(buffers);
    say("headbody");
    EXPECT_EQ(inlet.fill(stream, 65536).bytes, 8U);
    EXPECT_FALSE(stream.readable()) << "a short read is the last";
    inlet.consume(4);
    EXPECT_EQ(blocks.bytes_out(), 0U);
    inlet.keep();
    scratch->input.fill('#');
    EXPECT_EQ(inlet.bytes(), "body");
    EXPECT_GT(blocks.bytes_out(), 0U);
    say("more");
    EXPECT_EQ(inlet.fill(stream, 65536).bytes, 4U);
    EXPECT_EQ(inlet.bytes(), "bodymore");
    inlet.consume(8);
    inlet.keep();
    EXPECT_EQ(blocks.bytes_out(), 0U);
}

TEST_F(StreamTest, an_inlet_grows_byte_by_byte) {
    Inlet inlet(buffers);
    std::string all;
    for (int i = 0; i < 5000; ++i) {
        const char c = static_cast<char>('a' + i % 26);
        say({&c, 1});
        all += c;
        ASSERT_EQ(inlet.fill(stream, 65536).io, Io::done);
        inlet.keep();
        scratch->input.fill('#');
    }
    EXPECT_EQ(inlet.bytes(), all);
}

TEST_F(StreamTest, an_inlet_gives_back_a_large_block_for_a_small_rest) {
    Inlet inlet(buffers);
    const std::string head(20'000, 'h');
    say(head);
    say("rest");
    ASSERT_EQ(inlet.fill(stream, 65536).bytes, head.size() + 4);
    inlet.keep();
    EXPECT_GE(inlet.held(), head.size());
    inlet.consume(head.size());
    inlet.keep();
    EXPECT_EQ(inlet.bytes(), "rest");
    EXPECT_EQ(inlet.held(), 512U);
    EXPECT_EQ(blocks.bytes_out(), 512U);
}

TEST_F(StreamTest, an_event_tells_whether_there_is_room) {
    const std::string much(1'000'000, 'x');
    Pieces pieces;
    pieces.add(much);
    while (stream.writable()) {
        (void)stream.send(pieces.all(), pieces.total());
    }
    stream.on_events(EPOLLIN | EPOLLOUT);
    EXPECT_TRUE(stream.writable());
    stream.on_events(EPOLLIN);
    EXPECT_FALSE(stream.writable()) << "it has sent nothing that would have told it";
    stream.on_events(EPOLLHUP);
    EXPECT_TRUE(stream.writable()) << "to find out what has happened";
}

TEST_F(StreamTest, an_outlet_holds_what_the_kernel_does_not_take) {
    Outlet outlet(blocks);
    std::string large(1'000'000, 'x');
    for (std::size_t i = 0; i < large.size(); ++i) {
        large[i] = static_cast<char>('a' + i % 23);
    }
    Pieces pieces;
    pieces.add(std::string_view(large).substr(0, 3));
    pieces.add(std::string_view(large).substr(3));
    EXPECT_EQ(outlet.send(stream, pieces), Io::done);
    EXPECT_TRUE(outlet.blocked());
    EXPECT_FALSE(stream.writable());
    const std::string kept = large;
    large.assign(large.size(), '#');
    std::string got;
    while (outlet.blocked()) {
        got += received(100'000);
        poller.wait(100ms);
        ASSERT_NE(outlet.flush(stream), Io::failed);
    }
    for (std::string more; !(more = received(100'000)).empty();) {
        got += more;
    }
    EXPECT_EQ(got, kept);
    EXPECT_EQ(outlet.sent(), kept.size());
    EXPECT_EQ(blocks.bytes_out(), 0U);
}

TEST_F(StreamTest, an_outlet_holds_nothing_of_what_it_is_lent) {
    for (const std::size_t own : {std::size_t{10}, std::size_t{800'000}}) {  // the kernel takes all of it, or not even that
        Outlet outlet(blocks);
        std::string head(own, 'h');
        std::string lent(1'000'000, 'x');
        for (std::size_t i = 0; i < lent.size(); ++i) {
            lent[i] = static_cast<char>('a' + i % 23);
        }
        Pieces pieces;
        pieces.add(head);
        pieces.add(lent);
        const std::string whole = head + lent;
        EXPECT_EQ(outlet.send(stream, pieces, lent.size()), Io::done);
        head.assign(head.size(), '#');
        EXPECT_TRUE(outlet.blocked());
        EXPECT_EQ(blocks.bytes_out(), outlet.held());
        EXPECT_LE(outlet.held(), own < 1000 ? 0U : own);
        std::string got;
        while (outlet.blocked()) {
            got += received(100'000);
            poller.wait(0ms);
            ASSERT_NE(outlet.flush(stream), Io::failed);
        }
        for (std::string more; !(more = received(100'000)).empty();) {
            got += more;
        }
        EXPECT_EQ(got, whole);
        EXPECT_EQ(blocks.bytes_out(), 0U);
        poller.wait(0ms);
    }
}

TEST_F(StreamTest, the_end_is_remembered_behind_the_last_bytes) {
    say("last");
    ::shutdown(other, SHUT_WR);
    poller.wait(0ms);
    EXPECT_TRUE(stream.peer_ended());
    std::array<char, 100> room{};
    EXPECT_EQ(stream.receive(room).bytes, 4U);
    EXPECT_TRUE(stream.readable()) << "no further edge will tell of the end";
    EXPECT_EQ(stream.receive(room).io, Io::ended);
}

TEST(Mailbox, hands_over_in_order_from_several_threads) {
    Poller poller;
    Mailbox<int> box;
    ASSERT_TRUE(box.attach(poller));
    constexpr int each = 20'000;
    std::vector<std::thread> senders;
    for (int sender = 0; sender < 3; ++sender) {
        senders.emplace_back([&box, sender] {
            for (int i = 0; i < each; ++i) {
                box.post(sender * each + i);
            }
        });
    }
    std::array<int, 3> next{};
    int total = 0;
    while (total < 3 * each) {
        poller.wait(box.empty() ? std::optional<config::Duration>(5s) : std::optional<config::Duration>(0ms));
        box.drain([&](int value) {
            EXPECT_EQ(value % each, next[static_cast<std::size_t>(value / each)]++);
            ++total;
        });
    }
    for (auto& sender : senders) {
        sender.join();
    }
}

TEST(Mailbox, a_knock_wakes_every_time) {
    Poller poller;
    Mailbox<int> box;
    ASSERT_TRUE(box.attach(poller));
    for (int i = 0; i < 3; ++i) {
        box.knock();
        EXPECT_EQ(poller.wait(5s), 1);
        EXPECT_EQ(poller.wait(0ms), 0);
    }
}

}  // namespace
}  // namespace cardea::net
