#include "proxy/observe/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <array>
#include <csignal>
#include <string>

namespace cardea::observe {
namespace {

std::string field_text(std::string_view key, std::string_view value) {
    std::string out;
    append_log_field({key, value}, out);
    return out;
}

class LogPipe : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
        ASSERT_EQ(::fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
    }
    void TearDown() override {
        close_reader();
        ::close(ends_[1]);
    }
    void close_reader() {
        if (ends_[0] >= 0) {
            ::close(ends_[0]);
            ends_[0] = -1;
        }
    }
    std::string read_all() {
        std::string out;
        std::array<char, 65536> room{};
        for (ssize_t n = 0; (n = ::read(ends_[0], room.data(), room.size())) > 0;) {
            out.append(room.data(), static_cast<std::size_t>(n));
        }
        return out;
    }
    [[nodiscard]] int writer() const { return ends_[1]; }

private:
    std::array<int, 2> ends_{-1, -1};
};

TEST(LogFieldText, is_bare_when_it_can_be) {
    EXPECT_EQ(field_text("address", "127.0.0.1:8000"), "address=127.0.0.1:8000");
    EXPECT_EQ(field_text("path", "/etc/cardea.yaml"), "path=/etc/cardea.yaml");
    std::string out;
    append_log_field({"ms", 12}, out);
    EXPECT_EQ(out, "ms=12");
}

TEST(LogFieldText, is_quoted_when_a_reader_could_be_misled) {
    EXPECT_EQ(field_text("why", ""), "why=\"\"");
    EXPECT_EQ(field_text("why", "no such host"), "why=\"no such host\"");
    EXPECT_EQ(field_text("why", "a=b"), "why=\"a=b\"");
    EXPECT_EQ(field_text("why", "say \"hi\" \\"), "why=\"say \\\"hi\\\" \\\\\"");
    EXPECT_EQ(field_text("why", "x\nlevel=info event=forged"), "why=\"x\\nlevel=info event=forged\"");
    EXPECT_EQ(field_text("why", std::string_view("\x1b[2J\0\x7f", 6)), "why=\"\\x1b[2J\\x00\\x7f\"");
    EXPECT_EQ(field_text("why",
                         "\xc2\x9b"
                         "31m"),
              "why=\"\\xc2\\x9b31m\"")
        << "C1 controls drive terminals too";
    EXPECT_EQ(field_text("why", "\xe9\x97\xa8"), "why=\"\xe9\x97\xa8\"") << "text in other scripts stays readable";
}

TEST_F(LogPipe, writes_one_line_an_event) {
    Log log(config::Log::Level::info, writer());
    log.debug("unseen");
    log.info("listening", {{"listener", "web"}, {"address", "127.0.0.1:43211"}});
    log.warning("odd");
    const std::string text = read_all();
    ASSERT_GE(text.size(), 24U);
    EXPECT_EQ(text[10], 'T');
    EXPECT_EQ(text.substr(23, text.find('\n') - 23), "Z level=info event=listening listener=web address=127.0.0.1:43211");
    EXPECT_NE(text.find("level=warning event=odd\n"), std::string::npos);
    EXPECT_EQ(text.find("unseen"), std::string::npos);
}

TEST_F(LogPipe, level_can_change_while_running) {
    Log log(config::Log::Level::error, writer());
    log.info("first");
    log.set_level(config::Log::Level::debug);
    log.debug("second");
    const std::string text = read_all();
    EXPECT_EQ(text.find("first"), std::string::npos);
    EXPECT_NE(text.find("level=debug event=second"), std::string::npos);
}

TEST_F(LogPipe, stalled_reader_costs_lines_not_time) {
    Log log(config::Log::Level::info, writer());
    for (int i = 0; i < 2000; ++i) {
        log.info("flood", {{"padding", std::string(100, 'x')}});
    }
    EXPECT_GT(log.dropped(), 0U);
    EXPECT_EQ(read_all().back(), '\n') << "no line is cut in the middle";
}

TEST_F(LogPipe, long_line_is_cut_to_what_a_pipe_takes_whole) {
    Log log(config::Log::Level::info, writer());
    log.info("long", {{"value", std::string(100'000, 'x')}});
    const std::string text = read_all();
    EXPECT_EQ(text.size(), 4096U);
    EXPECT_EQ(text.back(), '\n');
}

TEST_F(LogPipe, reader_that_went_away_stops_nothing) {
    std::signal(SIGPIPE, SIG_IGN);
    Log log(config::Log::Level::info, writer());
    close_reader();
    log.info("nobody");
    EXPECT_EQ(log.dropped(), 1U);
    Log closed(config::Log::Level::info, -1);
    closed.info("nobody");
    EXPECT_EQ(closed.dropped(), 1U);
}

}  // namespace
}  // namespace cardea::observe
