#include "proxy/observe/access_log.hpp"

#include "proxy/observe/line_ring.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

namespace cardea::observe {
namespace {

class AccessLogFile : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "cardea-log-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] config::AccessLog to_file(const std::string& name) const {
        config::AccessLog where;
        where.output = config::AccessLog::Output::file;
        where.path = directory_ + "/" + name;
        return where;
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream in(directory_ + "/" + name);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

private:
    std::string directory_;
};

Record record_of(std::string_view line) {
    Record record;
    record.client_ip = "::1";
    record.request_line = line;
    record.status = 200;
    return record;
}

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(LineRing, wraps_without_cutting_and_refuses_what_does_not_fit) {
    LineRing ring;
    const std::string line(100'000, 'a');
    ASSERT_TRUE(ring.put(line));
    ASSERT_TRUE(ring.put(line));
    EXPECT_FALSE(ring.put(line));
    ring.take(150'000);
    ASSERT_TRUE(ring.put(std::string(100'000, 'b')));
    const auto pieces = ring.readable();
    EXPECT_EQ(std::string(pieces[0]) + std::string(pieces[1]), std::string(50'000, 'a') + std::string(100'000, 'b'));
    EXPECT_FALSE(pieces[1].empty()) << "this case must wrap";
}

TEST_F(AccessLogFile, lines_of_all_workers_are_there_at_the_end) {
    Counter dropped_a;
    Counter dropped_b;
    {
        AccessLog log({&dropped_a, &dropped_b});
        ASSERT_TRUE(log.apply(to_file("a.log")));
        std::thread other([&] {
            for (int i = 0; i < 500; ++i) {
                log.sink(1).write(record_of("GET /b HTTP/1.1"), {});
            }
        });
        for (int i = 0; i < 500; ++i) {
            log.sink(0).write(record_of("GET /a HTTP/1.1"), {});
        }
        other.join();
    }
    EXPECT_EQ(lines_in(content("a.log")), 1000U);
    EXPECT_EQ(dropped_a.get() + dropped_b.get(), 0U);
}

TEST_F(AccessLogFile, reopen_follows_a_rename) {
    Counter dropped;
    {
        AccessLog log({&dropped});
        ASSERT_TRUE(log.apply(to_file("a.log")));
        std::filesystem::rename(path("a.log"), path("a.log.1"));
        ASSERT_TRUE(log.reopen());
        EXPECT_TRUE(std::filesystem::exists(path("a.log"))) << "made at once, not with the next line";
        log.sink(0).write(record_of("GET /new HTTP/1.1"), {});
    }
    EXPECT_EQ(lines_in(content("a.log")) + lines_in(content("a.log.1")), 1U);
}

TEST_F(AccessLogFile, output_that_cannot_be_opened_leaves_the_former_one) {
    Counter dropped;
    {
        AccessLog log({&dropped});
        ASSERT_TRUE(log.apply(to_file("a.log")));
        const auto refused = log.apply(to_file("missing/a.log"));
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().what.find("missing/a.log"), std::string::npos);
        log.sink(0).write(record_of("GET / HTTP/1.1"), {});
    }
    EXPECT_EQ(lines_in(content("a.log")), 1U);
}

TEST_F(AccessLogFile, replacing_the_output_keeps_lines_written_before) {
    Counter dropped;
    {
        AccessLog log({&dropped});
        ASSERT_TRUE(log.apply(to_file("a.log")));
        log.sink(0).write(record_of("GET /before HTTP/1.1"), {});
        ASSERT_TRUE(log.apply(config::AccessLog{}));
        log.sink(0).write(record_of("GET /unlogged HTTP/1.1"), {});
    }
    EXPECT_EQ(lines_in(content("a.log")), 1U);
}

TEST_F(AccessLogFile, worker_is_never_held_by_an_output_that_takes_nothing) {
    Counter dropped;
    const std::string line = "GET /" + std::string(1000, 'x') + " HTTP/1.1";
    std::filesystem::create_symlink("/dev/full", path("full.log"));
    AccessLog log({&dropped});
    ASSERT_TRUE(log.apply(to_file("full.log")));
    for (int i = 0; i < 10'000; ++i) {  // ten megabytes through a quarter of one
        log.sink(0).write(record_of(line), {});
    }
    ASSERT_TRUE(log.apply(config::AccessLog{}));
    EXPECT_GT(dropped.get() + log.lost(), 0U);
}

TEST_F(AccessLogFile, a_full_disk_loses_lines_and_counts_each) {
    Counter dropped;
    std::filesystem::create_symlink("/dev/full", path("full.log"));
    auto log = std::make_unique<AccessLog>(std::vector<Counter*>{&dropped});
    ASSERT_TRUE(log->apply(to_file("full.log")));
    for (int i = 0; i < 100; ++i) {
        log->sink(0).write(record_of("GET / HTTP/1.1"), {});
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (log->lost() < 100 && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
    }
    EXPECT_EQ(log->lost(), 100U);
    EXPECT_EQ(dropped.get(), 0U);
}

}  // namespace
}  // namespace cardea::observe
