#include "proxy/relay.hpp"

#include "proxy/net/poller.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cardea::proxy {
namespace {

using http::Framing;

/// A body that is relayed from one end of a socket pair.
class BodyRelayTest : public testing::Test {
protected:
    BodyRelayTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        EXPECT_TRUE(stream.adopt(ends[0]));
        other = ends[1];
    }
    ~BodyRelayTest() override {
        stream.close();
        ::close(other);
    }
    /// What goes out for `bytes`, which come in one piece; `state` is how that ended.
    std::string relay(const std::string& bytes, BodyRelay& body) {
        EXPECT_EQ(::write(other, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
        EXPECT_EQ(inlet.fill(stream, bytes.size() + 1).bytes, bytes.size());
        net::Pieces pieces;
        state = body.take(inlet, pieces).state;
        std::string out;
        for (const iovec& piece : pieces.all()) {
            out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        }
        return out;
    }
    net::Poller poller;
    net::Stream stream{poller};
    net::BlockPool blocks;
    std::unique_ptr<net::Scratch> scratch = std::make_unique<net::Scratch>();
    net::Inlet::Buffers buffers{blocks, *scratch};
    net::Inlet inlet{buffers};
    BodyRelay::State state{};
    int other{-1};
};

TEST_F(BodyRelayTest, all_that_is_there_goes_out_at_once_whatever_its_chunks) {
    std::string in;
    std::string payload;
    for (int i = 0; i < 100; ++i) {  // more than there are pieces, each too long to be moved for that alone
        const std::string chunk(600 + static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
        std::array<char, 20> room{};
        in.append(http1::chunk_header(chunk.size(), room)).append(chunk).append("\r\n");
        payload += chunk;
    }
    BodyRelay body({Framing::Kind::chunked, 0}, Framing::Kind::until_close, true);
    EXPECT_EQ(relay(in, body), payload);
    EXPECT_EQ(state, BodyRelay::State::more);
    EXPECT_TRUE(inlet.empty()) << "nothing waits beside what the kernel may not take";
    EXPECT_EQ(relay("0\r\n\r\n", body), "");
    EXPECT_EQ(state, BodyRelay::State::done);
}

TEST_F(BodyRelayTest, trailers_go_on_unless_told_otherwise) {
    const std::string in = "2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n";
    BodyRelay with({Framing::Kind::chunked, 0}, Framing::Kind::chunked, true);
    EXPECT_EQ(relay(in, with), in);
    BodyRelay without({Framing::Kind::chunked, 0}, Framing::Kind::chunked, false);
    EXPECT_EQ(relay(in, without), "2\r\nhi\r\n0\r\n\r\n");
    EXPECT_EQ(state, BodyRelay::State::done);
}

}  // namespace
}  // namespace cardea::proxy
