#include "proxy/control/file_watcher.hpp"

#include "proxy/machine.hpp"

#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <vector>

namespace cardea::control {
namespace {

class FileWatcherTest : public testing::Test {
protected:
    FileWatcherTest() {
        std::filesystem::remove_all(directory);
        std::filesystem::create_directories(directory);
    }
    ~FileWatcherTest() override { std::filesystem::remove_all(directory); }

    void write(const std::string& where, const std::string& content) const { std::ofstream(where) << content; }
    void watch() {
        watcher.watch(path, [this](const discovery::FileChanged& event) {
            told.push_back(event.missing ? "missing" : event.content);
            loop.stop();
        });
    }
    /// What the next event tells.
    std::string next() {
        const auto before = told.size();
        loop.run();
        loop.restart();
        return told.size() > before ? told.back() : "nothing";
    }

    const std::string directory = testing::TempDir() + "file_watcher_test." + std::to_string(::getpid());
    const std::string path = directory + "/endpoints";
    proxy::DiskFiles files{};
    Loop loop{};
    FileWatcher watcher{loop, files};
    std::vector<std::string> told{};
};

TEST_F(FileWatcherTest, tells_the_content_at_the_start_and_each_change) {
    write(path, "one");
    watch();
    EXPECT_EQ(next(), "one");
    write(path, "two");
    EXPECT_EQ(next(), "two");
}

TEST_F(FileWatcherTest, sees_a_file_that_is_renamed_over_it) {
    write(path, "one");
    watch();
    next();
    write(directory + "/new", "two");
    std::filesystem::rename(directory + "/new", path);
    EXPECT_EQ(next(), "two");
}

TEST_F(FileWatcherTest, a_file_may_be_missing_come_and_go) {
    watch();
    EXPECT_EQ(next(), "missing");
    write(path, "here");
    EXPECT_EQ(next(), "here");
    std::filesystem::remove(path);
    EXPECT_EQ(next(), "missing");
}

TEST_F(FileWatcherTest, a_link_into_another_directory_is_followed_by_looking) {
    const std::string elsewhere = directory + "/elsewhere";
    std::filesystem::create_directories(elsewhere);
    write(elsewhere + "/v1", "one");
    write(elsewhere + "/v2", "other");
    std::filesystem::create_symlink("v1", elsewhere + "/data");
    std::filesystem::create_symlink(elsewhere + "/data", path);
    watch();
    EXPECT_EQ(next(), "one");
    std::filesystem::create_symlink("v2", elsewhere + "/data.new");
    std::filesystem::rename(elsewhere + "/data.new", elsewhere + "/data");
    EXPECT_EQ(next(), "other");
}

TEST_F(FileWatcherTest, the_same_content_again_is_no_news_and_neither_is_an_unwatched_file) {
    write(path, "one");
    watch();
    next();
    write(path, "one");
    write(directory + "/other", "x");
    watcher.watch(directory + "/marker", [this](const discovery::FileChanged& event) {
        if (!event.missing) {
            loop.stop();
        }
    });
    write(directory + "/marker", "x");
    loop.run();
    loop.restart();
    EXPECT_EQ(told.size(), 1U);
}

}  // namespace
}  // namespace cardea::control
