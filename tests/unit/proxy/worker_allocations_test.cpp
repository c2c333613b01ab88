// In steady state a request costs the worker no memory from the heap: client, worker and endpoint over loopback, every
// allocation of the worker's thread counted, from one record of the access log to the next.
#include "proxy/net/frame_pool.hpp"
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::proxy {
namespace {

using support::Front;
using support::Origin;
using support::Peer;

constexpr std::size_t asked_before = 8, counted = 32;

/// One client over one kept connection on either side. `request` comes in these pieces, each read by the worker by itself.
class SteadyState {
public:
    SteadyState() : front_({origin_.port()}), client_(front_.client()) {}

    /// How often the worker's thread allocated for each of the last requests.
    std::vector<std::uint64_t> exchange(const std::vector<std::string>& request, std::string_view request_end, std::string_view response,
                                        std::string_view response_end) {
        for (std::size_t i = 0; i < asked_before + counted; ++i) {
            ask(request, request_end);
            upstream_.front().send(response);
            EXPECT_NE(client_.read_until(response_end), "") << "request " << i;
        }
        EXPECT_TRUE(Front::eventually([&] { return front_.records.all().size() == asked_before + counted; }));
        std::vector<std::uint64_t> allocations;
        for (const auto& record : front_.records.all()) {
            EXPECT_EQ(record.status, 200);
            allocations.push_back(record.allocations);
        }
        allocations.erase(allocations.begin(),
                          allocations.begin() + static_cast<std::ptrdiff_t>(std::min(asked_before, allocations.size())));
        return allocations;
    }

private:
    void ask(const std::vector<std::string>& request, std::string_view end) {
        for (const std::string& piece : request) {
            const std::uint64_t before = front_.metrics.bytes_received.get();
            client_.send(piece);
            EXPECT_TRUE(Front::eventually([&] { return front_.metrics.bytes_received.get() != before; }));
        }
        if (upstream_.empty()) {
            upstream_.push_back(origin_.accept());
        }
        EXPECT_NE(upstream_.front().read_until(end), "");
    }

    Origin origin_{};
    Front front_;
    Peer client_;
    std::vector<Peer> upstream_{};  ///< the one kept connection, once it is there
};

/// But for the frame of the exchange where it is not pooled.
const std::vector<std::uint64_t> none(counted, net::frames_are_pooled ? 0 : 1);
const std::string body_of_4_kib = std::string(4095, 'b') + "!";

TEST(WorkerAllocations, a_get_over_kept_connections_costs_none) {
    const std::string get = "GET /a?b=c HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
    const std::string ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + std::string(1023, 'x') + "!";
    EXPECT_EQ(SteadyState().exchange({get}, "\r\n\r\n", ok, "x!"), none);
}

TEST(WorkerAllocations, a_post_costs_none_whether_its_body_comes_at_once_or_later) {
    const std::string head = "POST /p HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 4096\r\n\r\n";
    EXPECT_EQ(SteadyState().exchange({head + body_of_4_kib}, "b!", support::ok_hi, "hi"), none);
    EXPECT_EQ(SteadyState().exchange({head, body_of_4_kib}, "b!", support::ok_hi, "hi"), none);
}

TEST(WorkerAllocations, a_body_kept_for_a_second_try_costs_none) {
    const std::string put = "PUT /p HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 4096\r\n\r\n" + body_of_4_kib;
    EXPECT_EQ(SteadyState().exchange({put}, "b!", support::ok_hi, "hi"), none);
}

TEST(WorkerAllocations, a_chunked_body_costs_none_in_either_direction) {
    const std::string post =
        "POST /p HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n";
    const std::string ok =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + std::string(1024, 'x') + "\r\n2\r\nhi\r\n0\r\n\r\n";
    EXPECT_EQ(SteadyState().exchange({post}, "0\r\n\r\n", ok, "0\r\n\r\n"), none);
}

TEST(WorkerAllocations, a_head_in_pieces_costs_none) {
    EXPECT_EQ(SteadyState().exchange({"GET /a HTTP/1.1\r\nHo", "st: x\r\n\r\n"}, "\r\n\r\n", support::ok_hi, "hi"), none);
}

}  // namespace
}  // namespace cardea::proxy
