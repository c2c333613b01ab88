#include "proxy/observe/line_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace cardea::observe {
namespace {

class LineFileTest : public testing::Test {
protected:
    LineFileTest() {
        std::string pattern = testing::TempDir() + "lines.XXXXXX";
        folder = ::mkdtemp(pattern.data());
        path = folder + "/journal";
    }
    ~LineFileTest() override { std::filesystem::remove_all(folder); }
    LineFileTest(const LineFileTest&) = delete;
    LineFileTest& operator=(const LineFileTest&) = delete;

    /// The file is closed, and thereby written, before it returns.
    void append(const std::vector<std::string>& lines, config::Bytes size_max = {1U << 20U}) const {
        const auto file = LineFile::open(path, size_max);
        ASSERT_TRUE(file);
        for (const auto& line : lines) {
            (*file)->append(line);
        }
    }
    void write(const std::string& bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
    [[nodiscard]] std::vector<std::string> read(std::size_t newest = 1000) const { return LineFile::read(path, newest); }

    std::string folder{}, path{};
};

using Lines = std::vector<std::string>;

TEST_F(LineFileTest, lines_outlive_the_process) {
    EXPECT_EQ(read(), Lines{}) << "no file is no fault";
    append({"one", "two"});
    append({"three"});
    EXPECT_EQ(read(), (Lines{"one", "two", "three"}));
    EXPECT_EQ(read(2), (Lines{"two", "three"}));
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(LineFileTest, a_torn_last_line_spoils_no_other) {
    write("one\ntwo\nthr");
    append({"four"});
    EXPECT_EQ(read(), (Lines{"one", "two", "thr", "four"}));
    write("one");
    append({});
    append({"two"});
    EXPECT_EQ(read(), (Lines{"one", "two"}));
}

TEST_F(LineFileTest, is_bounded_on_disk) {
    std::vector<std::string> lines;
    lines.reserve(1'000);
    for (int i = 0; i < 1'000; ++i) {
        lines.push_back("line " + std::to_string(i));
    }
    append(lines, {1'000});
    EXPECT_LE(std::filesystem::file_size(path), 1'000U);
    EXPECT_LE(std::filesystem::file_size(path + ".1"), 1'000U);
    const auto kept = read();
    EXPECT_GT(kept.size(), 100U);
    EXPECT_EQ(kept.back(), "line 999");
    EXPECT_EQ(kept.front(), "line " + std::to_string(1'000 - kept.size())) << "without a gap";
}

TEST_F(LineFileTest, two_processes_share_it) {
    {
        const auto old_one = LineFile::open(path, {1'000});
        const auto new_one = LineFile::open(path, {1'000});
        ASSERT_TRUE(old_one && new_one);
        for (int i = 0; i < 1'000; ++i) {
            (*(i % 2 == 0 ? old_one : new_one))->append("line " + std::to_string(i));
        }
    }
    EXPECT_LE(std::filesystem::file_size(path) + std::filesystem::file_size(path + ".1"), 4'000U) << "a full turn of each at most";
    append({"after"}, {1'000});
    EXPECT_EQ(read().back(), "after");
    append(std::vector<std::string>(300, "filling"), {1'000});
    EXPECT_LE(std::filesystem::file_size(path), 1'000U) << "neither holds the lock";
}

TEST_F(LineFileTest, what_another_process_has_renamed_is_not_renamed_again) {
    {
        const auto old_one = LineFile::open(path, {1'000});
        ASSERT_TRUE(old_one);
        append(std::vector<std::string>(150, "of the new one"), {1'000});  // has rotated more than once
        (*old_one)->append(std::string(900, 'x'));
    }
    const auto kept = read();
    EXPECT_EQ(std::count(kept.begin(), kept.end(), "of the new one") + 1, static_cast<std::ptrdiff_t>(kept.size()));
    EXPECT_GT(kept.size(), 60U) << "nothing of the new one's was overwritten";
}

TEST_F(LineFileTest, a_line_longer_than_the_file_may_be_still_counts) {
    append({std::string(5'000, 'x'), "after"}, {1'000});
    EXPECT_EQ(read().back(), "after");
    EXPECT_EQ(read().size(), 2U);
}

TEST_F(LineFileTest, a_place_that_is_none_is_an_error) {
    EXPECT_FALSE(LineFile::open(folder, {1'000}));
    EXPECT_FALSE(LineFile::open(folder + "/nowhere/journal", {1'000}));
    EXPECT_FALSE(LineFile::open("/dev/null", {1'000}));
}

TEST_F(LineFileTest, more_than_the_disk_takes_is_counted_and_blocks_nobody) {
    const std::string line(LineFile::waiting_max / 2, 'x');
    std::uint64_t lost = 0;
    {
        const auto file = LineFile::open(path, {1ULL << 40U});
        ASSERT_TRUE(file);
        for (int i = 0; i < 20; ++i) {
            (*file)->append(line);
        }
        lost = (*file)->lost();
    }
    EXPECT_EQ(read().size() + lost, 20U);
}

}  // namespace
}  // namespace cardea::observe
