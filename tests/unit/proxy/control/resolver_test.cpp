#include "proxy/control/resolver.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <atomic>
#include <optional>
#include <thread>

namespace cardea::control {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Outcome = Lookup::Outcome;

/// A DNS server on loopback: `two.test` has two addresses, `none.test` exists without any, `gone.test` does not exist,
/// `broken.test` is a server failure, `silent.test` gets no answer.
class FakeDns {
public:
    FakeDns() {
        socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        (void)::bind(socket_, reinterpret_cast<sockaddr*>(&here), size);
        (void)::getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size);
        servers = "127.0.0.1:" + std::to_string(ntohs(here.sin_port));
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeDns() {
        over_ = true;
        thread_.join();
        ::close(socket_);
    }
    std::string servers{};
    std::atomic<int> questions{0};

private:
    void serve() {
        pollfd wait{socket_, POLLIN, 0};
        while (!over_) {
            std::array<char, 1500> room{};
            sockaddr_in from{};
            socklen_t size = sizeof from;
            if (::poll(&wait, 1, 10) <= 0) {
                continue;
            }
            const auto got = ::recvfrom(socket_, room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (got < 12) {
                continue;
            }
            ++questions;
            const std::string answer = reply({room.data(), static_cast<std::size_t>(got)});
            (void)::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
        }
    }
    static std::string reply(std::string_view question) {
        std::string name;
        std::size_t at = 12;
        while (question[at] != 0) {
            const auto length = static_cast<std::size_t>(question[at]);
            name += std::string(question.substr(at + 1, length)) + ".";
            at += length + 1;
        }
        const bool wants_v4 = question[at + 2] == 1;
        const std::string asked(question.substr(12, at + 5 - 12));
        if (name == "silent.test.") {
            return {};
        }
        const char code = name == "gone.test." ? 3 : name == "broken.test." ? 2 : 0;
        const bool found = name == "two.test." && wants_v4;
        const std::string address("\xC0\x0C\x00\x01\x00\x01\x00\x00\x00\x07\x00\x04", 12);
        std::string out(question.substr(0, 2));
        out += std::string({'\x81', static_cast<char>(0x80 | code), 0, 1, 0, static_cast<char>(found ? 2 : 0), 0, 0, 0, 0});
        out += asked;
        if (found) {
            out += address + std::string({10, 0, 0, 2}) + address + std::string({10, 0, 0, 1});
        }
        return out;
    }

    int socket_{-1};
    std::atomic<bool> over_{false};
    std::thread thread_{};
};

class ResolverTest : public testing::Test {
protected:
    Lookup ask(const std::string& name) {
        std::optional<Lookup> result;
        resolver.resolve(name, [&](Lookup lookup) {
            result = std::move(lookup);
            loop.stop();
        });
        EXPECT_FALSE(result) << "never inside the call";
        loop.run();
        loop.restart();
        return *result;
    }
    FakeDns dns{};
    Loop loop{};
    Resolver resolver{loop, {dns.servers, "/nonexistent", 100ms, 1}};
};

TEST_F(ResolverTest, finds_sorted_addresses_and_their_time_to_live) {
    const auto lookup = ask("two.test");
    EXPECT_EQ(lookup.outcome, Outcome::found) << lookup.error;
    ASSERT_EQ(lookup.addresses.size(), 2U);
    EXPECT_EQ(config::to_string(lookup.addresses[0]), "10.0.0.1");
    EXPECT_EQ(lookup.ttl, 7s);
    EXPECT_EQ(ask("two.test").addresses.size(), 2U) << "and again";
}

TEST_F(ResolverTest, tells_a_no_from_no_answer) {
    EXPECT_EQ(ask("gone.test").outcome, Outcome::absent);
    EXPECT_EQ(ask("none.test").outcome, Outcome::absent);
    EXPECT_EQ(ask("broken.test").outcome, Outcome::failed);
    EXPECT_EQ(ask("silent.test").outcome, Outcome::failed);
    EXPECT_NE(ask("silent.test").error, "");
}

TEST_F(ResolverTest, localhost_is_this_machine_without_asking_anybody_outside) {
    const auto lookup = ask("localhost");
    EXPECT_EQ(lookup.outcome, Outcome::found);
    ASSERT_FALSE(lookup.addresses.empty());
    EXPECT_TRUE(lookup.addresses[0].loopback());
}

TEST_F(ResolverTest, many_at_once_and_going_away_in_the_middle) {
    int answers = 0;
    for (int i = 0; i < 100; ++i) {
        resolver.resolve("two.test", [&](const Lookup&) {
            if (++answers == 100) {
                loop.stop();
            }
        });
    }
    loop.run();
    loop.restart();
    EXPECT_EQ(answers, 100);
    bool heard = false;
    {
        Resolver gone(loop, {dns.servers, "/nonexistent", 100ms, 1});
        gone.resolve("two.test", [&](const Lookup&) { heard = true; });
        gone.resolve("silent.test", [&](const Lookup&) { heard = true; });
    }
    ask("silent.test");
    EXPECT_FALSE(heard);
}

}  // namespace
}  // namespace cardea::control
