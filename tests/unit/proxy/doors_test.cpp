#include "proxy/doors.hpp"

#include "proxy/net/listen_socket.hpp"
#include "proxy/net/socket_address.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace cardea::proxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A worker that keeps what it is sent to, and on leaving takes whoever is in the queue.
class SentWorker final : public snapshot::WorkerPort {
public:
    bool apply(const snapshot::Snapshot*) override { return true; }
    [[nodiscard]] std::uint64_t applied_version() const override { return 0; }
    void listen(snapshot::Door door, int descriptor) override {
        if (!waiting.contains(door.id)) {
            waiting[door.id].reset(descriptor);
        }
        doors[door.id] = std::move(door);
    }
    void leave(std::uint64_t door) override {
        taken += accept_all(door);
        waiting.erase(door);
        doors.erase(door);
    }
    void move_waiting() override {}
    void abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>>) override {}
    void drain(config::TimePoint, config::TimePoint) override {}

    std::size_t accept_all(std::uint64_t door) {
        std::size_t count = 0;
        while (net::Descriptor(::accept4(waiting.at(door).get(), nullptr, nullptr, SOCK_CLOEXEC))) {
            ++count;
        }
        return count;
    }
    std::size_t accept_all() {
        std::size_t count = 0;
        for (const auto& [door, socket] : waiting) {
            count += accept_all(door);
        }
        return count;
    }

    std::map<std::uint64_t, net::Descriptor> waiting{};
    std::map<std::uint64_t, snapshot::Door> doors{};
    std::size_t taken{0};
};

class DoorsTest : public testing::Test {
protected:
    explicit DoorsTest(bool open = true) { start(open); }
    void start(bool open) {
        for (auto& worker : workers) {
            worker = std::make_unique<SentWorker>();
        }
        Doors::Given given;
        given.log = &log;
        given.accepting = &accepting;
        given.workers_wanted = [](const config::Config& config) { return std::size_t{config.process.threads}; };
        given.later = [this](config::Duration, std::function<void()> then) { later.push_back(std::move(then)); };
        doors = std::make_unique<Doors>(std::move(given));
        std::vector<snapshot::WorkerPort*> ports;
        for (const auto& worker : workers) {
            ports.push_back(worker.get());
        }
        doors->start(ports, open);
    }
    static config::Config wanted(std::uint32_t threads, const std::vector<std::pair<std::string, std::string>>& listeners) {
        config::Config made;
        made.process.threads = threads;
        for (const auto& [name, address] : listeners) {
            config::Listener listener;
            listener.name = name;
            listener.address = config::parse_listen_address(address).value();
            made.listeners.push_back(listener);
        }
        return made;
    }
    std::string apply(const config::Config& config) {
        const auto prepared = doors->prepare(config);
        EXPECT_TRUE(prepared) << prepared.error().what;
        return doors->commit();
    }
    std::string place(const config::Config& config, std::size_t listener = 0) {
        return config::to_string(doors->bound(config.listeners.at(listener)));
    }
    /// How many sockets each worker waits on.
    std::vector<std::size_t> spread() {
        std::vector<std::size_t> counts;
        for (const auto& worker : workers) {
            counts.push_back(worker->waiting.size());
        }
        return counts;
    }
    std::size_t accept_all() {
        std::size_t count = 0;
        for (const auto& worker : workers) {
            count += worker->accept_all() + std::exchange(worker->taken, 0);
        }
        return count;
    }
    void time_passes() {
        for (const auto& then : std::exchange(later, {})) {
            then();
        }
    }
    static net::Descriptor client(const std::string& place) {
        const auto to = net::to_socket_address(config::parse_address(place).value()).value();
        net::Descriptor made(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        return ::connect(made.get(), to.get(), to.size) == 0 ? std::move(made) : net::Descriptor();
    }

    observe::Log log{config::Log::Level::error};
    std::atomic<std::size_t> accepting{0};
    std::array<std::unique_ptr<SentWorker>, 4> workers{};
    std::vector<std::function<void()>> later{};
    std::unique_ptr<Doors> doors{};
};

TEST_F(DoorsTest, every_worker_has_a_socket_of_its_own) {
    const auto config = wanted(4, {{"web", "127.0.0.1:0"}});
    EXPECT_EQ(apply(config), "");
    EXPECT_THAT(spread(), ElementsAre(1, 1, 1, 1));
    EXPECT_FALSE(workers[0]->doors.begin()->second.shared);
    EXPECT_EQ(accepting, 4U);
}

TEST_F(DoorsTest, fewer_workers_keep_every_socket_and_its_queue) {
    const auto config = wanted(4, {{"web", "127.0.0.1:0"}});
    apply(config);
    std::vector<net::Descriptor> clients;
    for (int i = 0; i < 64; ++i) {
        clients.push_back(client(place(config)));
        ASSERT_TRUE(clients.back());
    }
    auto fewer = config;
    fewer.process.threads = 1;
    EXPECT_EQ(apply(fewer), "");
    EXPECT_THAT(spread(), ElementsAre(4, 0, 0, 0));
    for (int i = 0; i < 64; ++i) {
        clients.push_back(client(place(config)));
        ASSERT_TRUE(clients.back());
    }
    EXPECT_EQ(accept_all(), 128U);
    EXPECT_EQ(accepting, 1U);
    apply(config);
    EXPECT_THAT(spread(), ElementsAre(1, 1, 1, 1));
    EXPECT_EQ(doors->offer().size(), 4U) << "no socket was opened or closed on the way";
}

TEST_F(DoorsTest, more_workers_than_at_the_start_are_told_to_be_not_there) {
    const auto config = wanted(8, {{"web", "127.0.0.1:0"}});
    EXPECT_EQ(apply(config), "process.threads: 4 of 8, the rest after an upgrade or a restart");
    EXPECT_THAT(spread(), ElementsAre(1, 1, 1, 1));
}

TEST_F(DoorsTest, a_path_is_shared_by_all) {
    const std::string path = testing::TempDir() + "doors-" + std::to_string(::getpid()) + ".sock";
    const auto config = wanted(3, {{"web", "unix:" + path}});
    apply(config);
    EXPECT_THAT(spread(), ElementsAre(1, 1, 1, 0));
    EXPECT_TRUE(workers[2]->doors.begin()->second.shared);
    EXPECT_EQ(doors->offer().size(), 1U);
    const auto waiting = client("unix:" + path);
    ASSERT_TRUE(waiting);
    apply(wanted(3, {}));
    EXPECT_FALSE(std::filesystem::exists(path)) << "nobody new finds it";
    EXPECT_EQ(accept_all(), 1U);
}

TEST_F(DoorsTest, a_rename_keeps_the_sockets_and_tells_the_new_settings) {
    const auto before = wanted(2, {{"one", "127.0.0.1:0"}});
    apply(before);
    const auto first = doors->offer();
    const auto waiting = client(place(before));
    const auto after = wanted(2, {{"two", place(before)}});
    apply(after);
    ASSERT_EQ(doors->offer().size(), 2U);
    EXPECT_EQ(doors->offer()[0].id, first[0].id);
    EXPECT_EQ(doors->offer()[1].descriptor, first[1].descriptor);
    EXPECT_EQ(workers[1]->doors.at(first[1].id).listener->name, "two");
    EXPECT_TRUE(later.empty()) << "nothing is about to close";
    EXPECT_EQ(accept_all(), 1U);
}

TEST_F(DoorsTest, two_listeners_that_change_names_change_nothing_else) {
    const auto before = wanted(1, {{"one", "127.0.0.1:0"}, {"two", "127.0.0.1:0"}});
    apply(before);
    const auto first = doors->offer();
    apply(wanted(1, {{"one", place(before, 1)}, {"two", place(before, 0)}}));
    const auto second = doors->offer();
    EXPECT_EQ(second[0].id, first[1].id);
    EXPECT_EQ(second[1].id, first[0].id);
    EXPECT_EQ(second[0].name, "one");
    EXPECT_TRUE(later.empty());
}

TEST_F(DoorsTest, who_is_in_the_queue_of_a_listener_that_goes_is_served_and_nobody_new_comes_in) {
    const auto config = wanted(2, {{"web", "127.0.0.1:0"}});
    apply(config);
    const std::string old_place = place(config);
    std::vector<net::Descriptor> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(client(old_place));
    }
    apply(wanted(2, {{"web", "127.0.0.1:0"}}));
    EXPECT_THAT(later, IsEmpty()) << "the same address under the same name, port 0 included";
    apply(wanted(2, {{"web", "[::1]:0"}}));
    EXPECT_THAT(spread(), ElementsAre(2, 2, 0, 0)) << "the old sockets are waited on until the queue is empty";
    const auto to = net::to_socket_address(config::parse_address(old_place).value()).value();
    const net::Descriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_EQ(::connect(late.get(), to.get(), to.size), -1);
    EXPECT_EQ(errno, EINPROGRESS) << "its SYN is dropped, neither queued nor reset";
    time_passes();
    EXPECT_THAT(spread(), ElementsAre(1, 1, 0, 0));
    EXPECT_EQ(accept_all(), 8U);
    EXPECT_FALSE(client(old_place));
}

TEST_F(DoorsTest, what_cannot_be_opened_changes_nothing) {
    const auto config = wanted(2, {{"web", "127.0.0.1:0"}});
    apply(config);
    const net::Descriptor holder(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::listen(holder.get(), 1), 0);  // binds to a port of the kernel's choice, without SO_REUSEPORT
    const auto held = net::local_address(holder.get()).value();
    EXPECT_FALSE(doors->prepare(wanted(1, {{"new", "127.0.0.1:0"}, {"taken", config::to_string(held)}})));
    EXPECT_EQ(doors->offer().size(), 2U);
    EXPECT_THAT(spread(), ElementsAre(1, 1, 0, 0));
    EXPECT_TRUE(client(place(config)));
}

class HeldDoors : public DoorsTest {
protected:
    HeldDoors() : DoorsTest(false) {}
    static std::vector<InheritedSocket> sockets(std::size_t count, const std::string& name, bool foreign, std::string& place) {
        std::vector<InheritedSocket> made;
        auto address = config::parse_listen_address("127.0.0.1:0").value();
        for (std::size_t i = 0; i < count; ++i) {
            InheritedSocket one;
            one.id = 100 + i;
            one.name = name;
            one.foreign = foreign;
            one.configured = config::parse_listen_address("127.0.0.1:0").value();
            one.socket.reset(net::open_listener(address).value());
            address = net::local_address(one.socket.get()).value();
            made.push_back(std::move(one));
        }
        place = config::to_string(address);
        return made;
    }
};

TEST_F(HeldDoors, all_inherited_sockets_are_waited_on_whatever_the_number_of_workers) {
    std::string there;
    doors->inherit(sockets(4, "web", false, there));
    const auto config = wanted(1, {{"web", "127.0.0.1:0"}});
    apply(config);
    EXPECT_EQ(place(config), there);
    EXPECT_THAT(spread(), ElementsAre(0, 0, 0, 0)) << "closed until it is told to open";
    EXPECT_THAT(doors->claimed(), ElementsAre(100, 101, 102, 103));
    doors->open();
    EXPECT_THAT(spread(), ElementsAre(4, 0, 0, 0));
}

TEST_F(HeldDoors, three_workers_share_two_inherited_sockets_and_one_more) {
    std::string there;
    doors->inherit(sockets(2, "web", false, there));
    apply(wanted(3, {{"web", there}}));
    doors->open();
    EXPECT_THAT(spread(), ElementsAre(1, 1, 1, 0));
    EXPECT_THAT(doors->claimed(), ElementsAre(100, 101));
    EXPECT_EQ(doors->offer().size(), 3U);
}

TEST_F(HeldDoors, a_socket_of_systemd_is_found_by_name_shared_and_never_closed_to_newcomers) {
    std::string there;
    auto given = sockets(1, "web", true, there);
    const net::Descriptor systemds(::fcntl(given.front().socket.get(), F_DUPFD_CLOEXEC, 3));
    doors->inherit(std::move(given));
    const auto config = wanted(4, {{"web", ":80"}});
    apply(config);
    doors->open();
    EXPECT_EQ(place(config), there);
    EXPECT_THAT(spread(), ElementsAre(1, 1, 1, 1));
    EXPECT_EQ(doors->offer().size(), 1U);
    EXPECT_TRUE(doors->offer().front().foreign);
    doors->turn_newcomers_away();
    for (const auto& worker : workers) {
        worker->leave(worker->doors.begin()->first);
    }
    doors->close();
    EXPECT_TRUE(client(there)) << "waits for whoever is started next";
}

TEST_F(HeldDoors, what_is_handed_over_is_left_as_it_is_and_the_rest_is_emptied) {
    const auto config = wanted(2, {{"web", "127.0.0.1:0"}, {"old", "127.0.0.1:0"}});
    apply(config);
    doors->open();
    std::vector<net::Descriptor> others;
    std::vector<std::uint64_t> claimed;
    for (const auto& offered : doors->offer()) {
        if (offered.name == "web") {
            others.emplace_back(::fcntl(offered.descriptor, F_DUPFD_CLOEXEC, 3));
            claimed.push_back(offered.id);
        }
    }
    const std::string there = place(config);
    doors->hand_over(claimed);
    EXPECT_THAT(spread(), ElementsAre(1, 1, 0, 0));
    EXPECT_TRUE(client(there));
    doors->turn_newcomers_away();
    EXPECT_TRUE(client(there)) << "only what nobody else has turns newcomers away";
    EXPECT_FALSE(doors->offer().empty());
    EXPECT_EQ(doors->offer().front().name, "old");
    doors->close();
    EXPECT_TRUE(client(there));
}

}  // namespace
}  // namespace cardea::proxy
