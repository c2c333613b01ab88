#include "proxy/observe/line_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

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
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
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
