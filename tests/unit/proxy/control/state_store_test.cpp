#include "proxy/control/state_store.hpp"

#include "tests/support/memory_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

namespace cardea::control {
namespace {

using namespace std::chrono_literals;
using Queries = std::map<std::string, std::vector<discovery::Fact>>;

discovery::Fact stored_fact(const std::string& instance) {
    discovery::Fact fact;
    fact.key = {"consul:dc1", instance};
    fact.service = "web";
    fact.addresses = {config::parse_address("10.0.0.1:80").value()};
    return fact;
}

class StateStoreTest : public testing::Test {
protected:
    StateStoreTest() {
        std::filesystem::remove_all(directory);
        config.discovery.consul.push_back({.name = "dc1", .addresses = {config::parse_address("10.9.9.9:8500").value()}});
        config.discovery.docker.push_back({.name = "h2", .endpoint = config::parse_address("10.9.9.2:2375").value()});
        files.contents["/proc/sys/kernel/random/boot_id"] = "boot-1\n";
    }
    ~StateStoreTest() override { std::filesystem::remove_all(directory); }

    /// One run of Cardea: what it recalled at its start.
    Queries begin() {
        files.contents.erase(path());
        if (std::ifstream file(path()); file) {
            files.contents[path()] = std::string(std::istreambuf_iterator<char>(file), {});
        }
        Queries recalled;
        store = std::make_unique<StateStore>(loop, files, directory, nullptr);
        store->recall(config, now.wall, [&](const std::string& source, const std::string& query, std::vector<discovery::Fact> facts) {
            recalled[source + " " + query] = std::move(facts);
        });
        return recalled;
    }
    void say(const std::string& query, const std::vector<std::string>& instances, bool sound = true) {
        auto& facts = said[query];
        facts.clear();
        for (const auto& instance : instances) {
            facts.push_back(stored_fact(instance));
        }
        believed[query] = sound;
        store->said("consul:dc1", query);
    }
    void tend(config::Duration later = 1s) {
        now.steady += later;
        now.wall += later;
        store->tend(now, truth());
    }
    /// Waits for the writer.
    void end() { store.reset(); }
    StateStore::Truth truth() {
        return {[this](const std::string& source, const std::string& query) {
                    return source == "consul:dc1" && believed[query] ? &said[query] : nullptr;
                },
                [this](const std::string&) { return connected; }};
    }
    [[nodiscard]] std::string path() const { return directory + "/consul-dc1.last-good"; }

    const std::string directory = testing::TempDir() + "state_store_test." + std::to_string(::getpid());
    support::MemoryFiles files{};
    config::Config config{};
    Loop loop{};
    Now now{config::TimePoint{1000h}, config::WallTime{1'795'377'184'000ms}};
    Queries said{};
    std::map<std::string, bool> believed{};
    bool connected{true};
    std::unique_ptr<StateStore> store{};
};

TEST_F(StateStoreTest, remembers_what_was_said_for_the_next_run) {
    EXPECT_TRUE(begin().empty());
    say("web", {"a", "b"});
    say("api", {"c"});
    tend();
    end();
    struct stat status{};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
    now.wall += 23h;
    const auto recalled = begin();
    ASSERT_EQ(recalled.size(), 2U);
    EXPECT_EQ(recalled.at("consul:dc1 web"), said["web"]);
    EXPECT_TRUE(store->recalled().contains("consul:dc1"));
}

TEST_F(StateStoreTest, who_has_a_successor_writes_no_more) {
    begin();
    say("web", {"a"});
    tend();
    store->leave();
    say("web", {});
    tend(10s);
    store->flush(now, truth());
    end();
    EXPECT_EQ(begin().at("consul:dc1 web").size(), 1U);
}

TEST_F(StateStoreTest, two_processes_write_whole_files) {
    const std::string place = directory + "/shared.last-good";
    const auto replace_often = [&place](char letter) {
        for (int i = 0; i < 50; ++i) {
            EXPECT_TRUE(replace_file(place, std::string(100'000, letter)));
        }
    };
    std::thread other(replace_often, 'b');
    replace_often('a');
    other.join();
    std::ifstream file(place);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(content, std::string(100'000, content.empty() ? '?' : content.front()));
    EXPECT_FALSE(std::filesystem::exists(place + ".new"));
}

TEST_F(StateStoreTest, what_is_doubtful_keeps_its_former_line) {
    begin();
    say("web", {"a"});
    say("api", {"c"});
    tend();
    say("web", {}, false);
    say("api", {"c", "d"});
    tend(10s);
    end();
    auto recalled = begin();
    EXPECT_EQ(recalled.at("consul:dc1 web").size(), 1U);
    EXPECT_EQ(recalled.at("consul:dc1 api").size(), 2U);
    believed["web"] = true;  // believed later, without another word
    tend(10s);
    store->said("consul:dc1", "web");
    tend(10s);
    end();
    recalled = begin();
    EXPECT_TRUE(recalled.at("consul:dc1 web").empty());
}

TEST_F(StateStoreTest, a_second_start_without_the_registry_loses_nothing_but_time) {
    begin();
    say("web", {"a"});
    say("api", {"c"});
    tend();
    end();
    now.wall += 20h;
    begin();
    said.clear();
    believed.clear();
    say("api", {"c", "d"});  // only one of them has spoken
    tend();
    end();
    now.wall += 3h;
    EXPECT_EQ(begin().size(), 2U);
    end();
    now.wall += 2h;
    const auto recalled = begin();
    EXPECT_FALSE(recalled.contains("consul:dc1 web")) << "25 h after its last word";
    EXPECT_TRUE(recalled.contains("consul:dc1 api"));
}

TEST_F(StateStoreTest, confirms_its_age_while_the_source_is_there) {
    begin();
    say("web", {"a"});
    for (int minute = 0; minute < 48 * 60; ++minute) {
        tend(1min);
    }
    end();
    EXPECT_EQ(begin().size(), 1U);
    connected = false;
    tend();
    for (int minute = 0; minute < 25 * 60; ++minute) {
        tend(1min);
    }
    end();
    EXPECT_TRUE(begin().empty());
}

TEST_F(StateStoreTest, forgets_what_nobody_asks_for) {
    begin();
    say("web", {"a"});
    say("api", {"c"});
    tend();
    store->forget_others({"consul:dc1"}, [](const std::string&, const std::string& query) { return query == "web"; });
    tend(10s);
    end();
    EXPECT_EQ(begin().size(), 1U);
}

TEST_F(StateStoreTest, Case67_a_file_of_no_use_is_no_harm) {
    for (const char* content : {"", "nonsense", "cardea-last-good 1 00000000\n"}) {
        std::filesystem::create_directories(directory);
        std::ofstream(path()) << content;
        EXPECT_TRUE(begin().empty());
        EXPECT_TRUE(store->recalled().empty());
        end();
    }
    begin();
    say("web", {"a"});
    tend();
    end();
    EXPECT_EQ(begin().size(), 1U) << "and it is replaced";
}

TEST_F(StateStoreTest, Case68_a_folder_that_cannot_be_written_is_a_problem_to_see_and_nothing_else) {
    std::ofstream(directory) << "a file stands in the way";
    begin();
    say("web", {"a"});
    tend();
    const auto end_of_patience = std::chrono::steady_clock::now() + 20s;
    while (store->problems().empty() && std::chrono::steady_clock::now() < end_of_patience) {
        loop.at(std::chrono::steady_clock::now() + 2ms, [this] { loop.stop(); });
        loop.run();
        loop.restart();
    }
    ASSERT_EQ(store->problems().size(), 1U);
    EXPECT_NE(store->problems()[0].find(path() + ".new"), std::string::npos) << store->problems()[0];
}

TEST_F(StateStoreTest, does_nothing_without_a_folder) {
    store = std::make_unique<StateStore>(loop, files, "", nullptr);
    store->recall(config, now.wall, [](const std::string&, const std::string&, const std::vector<discovery::Fact>&) { FAIL(); });
    say("web", {"a"});
    tend();
    end();
    EXPECT_FALSE(std::filesystem::exists(directory));
}

}  // namespace
}  // namespace cardea::control
