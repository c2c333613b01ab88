#include "proxy/listening.hpp"

#include "proxy/net/listen_socket.hpp"
#include "proxy/net/port_holder.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

namespace cardea::proxy {
namespace {

config::Address address_of(const std::string& text) {
    return config::parse_listen_address(text).value();
}

TEST(OpenForWorkers, port_0_becomes_one_port_for_all) {
    const auto sockets = open_for_workers(address_of("127.0.0.1:0"), 3);
    ASSERT_TRUE(sockets);
    ASSERT_EQ(sockets->size(), 3U);
    const auto first = net::local_address(sockets->front().get());
    ASSERT_TRUE(first);
    EXPECT_NE(first->port, 0);
    for (const auto& socket : *sockets) {
        EXPECT_EQ(net::local_address(socket.get()), *first);
    }
}

TEST(OpenForWorkers, path_is_one_socket) {
    std::string folder = testing::TempDir() + "cardea-listen-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const auto sockets = open_for_workers(address_of("unix:" + folder + "/s"), 2);
    ASSERT_TRUE(sockets) << sockets.error().what;
    EXPECT_EQ(sockets->size(), 1U);
    ::unlink((folder + "/s").c_str());
    ::rmdir(folder.c_str());
}

/// A child process that listens on the port until it is killed.
class Holder {
public:
    explicit Holder(int socket) {
        pid_ = ::fork();
        if (pid_ == 0) {
            ::pause();
            ::_exit(0);
        }
        ::close(socket);
    }
    ~Holder() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_{-1};
};

TEST(OpenForWorkers, port_of_another_process_is_refused_by_name_although_the_kernel_would_share_it) {
    const auto socket = net::open_listener(address_of("127.0.0.1:0"));
    ASSERT_TRUE(socket);
    const auto address = net::local_address(*socket);
    ASSERT_TRUE(address);
    const Holder holder(*socket);
    const auto refused = open_for_workers(*address, 2);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("(pid " + std::to_string(holder.pid()) + ") holds port"), std::string::npos)
        << refused.error().what;
    EXPECT_FALSE(net::refuse_held_port(address_of(":" + std::to_string(address->port)))) << "every address includes that one";
}

TEST(OpenForWorkers, port_of_this_process_may_be_taken_over) {
    const auto former = net::open_listener(address_of("127.0.0.1:0"));
    ASSERT_TRUE(former);
    const auto sockets = open_for_workers(*net::local_address(*former), 2);
    ASSERT_TRUE(sockets) << sockets.error().what;
    ::close(*former);
}

}  // namespace
}  // namespace cardea::proxy
