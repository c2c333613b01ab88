#include "proxy/observe/log.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <mutex>

namespace cardea::observe {

namespace {

// Up to this length a pipe takes a line whole or, as poll() told before, would have to wait: POSIX PIPE_BUF on Linux.
constexpr std::size_t log_line_max = 4096;

spdlog::level::level_enum spdlog_level(config::Log::Level level) {
    switch (level) {
        case config::Log::Level::debug:
            return spdlog::level::debug;
        case config::Log::Level::info:
            return spdlog::level::info;
        case config::Log::Level::warning:
            return spdlog::level::warn;
        case config::Log::Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

bool log_needs_quotes(std::string_view value) {
    if (value.empty()) {
        return true;
    }
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '=' || c == '\\') {
            return true;
        }
    }
    return false;
}

void append_log_escape(unsigned char byte, std::string& out) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\x";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

}  // namespace

void append_log_field(const LogField& field, std::string& out) {
    out += field.key;
    out += '=';
    if (!log_needs_quotes(field.value)) {
        out += field.value;
        return;
    }
    out += '"';
    for (std::size_t i = 0; i < field.value.size(); ++i) {
        const auto byte = static_cast<unsigned char>(field.value[i]);
        const auto next = i + 1 < field.value.size() ? static_cast<unsigned char>(field.value[i + 1]) : 0U;
        // U+0080 to U+009F are control characters that a terminal obeys; other UTF-8 is for people to read.
        const bool c1_control = byte == 0xc2 && next >= 0x80 && next <= 0x9f;
        if (byte == '\n') {
            out += "\\n";
        } else if (byte == '"' || byte == '\\') {
            out += '\\';
            out += field.value[i];
        } else if (byte < ' ' || byte == 0x7f || c1_control) {
            append_log_escape(byte, out);
            if (c1_control) {
                append_log_escape(static_cast<unsigned char>(next), out);
                ++i;
            }
        } else {
            out += field.value[i];
        }
    }
    out += '"';
}

/// Never waits: a line that the descriptor would not take at once is dropped.
struct Log::Sink final : spdlog::sinks::base_sink<std::mutex> {
    explicit Sink(int where) : descriptor(where) {}

    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        if (line.size() > log_line_max) {
            line.resize(log_line_max);
            line.data()[log_line_max - 1] = '\n';
        }
        pollfd ready{descriptor, POLLOUT, 0};
        const bool writable = ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0;
        if (!writable || ::write(descriptor, line.data(), line.size()) < 0) {
            dropped.fetch_add(1, std::memory_order_relaxed);
        }
    }
    void flush_() override {}

    const int descriptor;
    std::atomic<std::uint64_t> dropped{0};
};

struct Log::Logger {
    explicit Logger(int descriptor) : sink(std::make_shared<Sink>(descriptor)), logger("cardea", sink) {
        logger.set_formatter(
            std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc));
    }

    void write(spdlog::level::level_enum level, std::string_view event, LogFields fields) {
        if (!logger.should_log(level)) {
            return;
        }
        std::string text{"event="};
        text += event;
        for (const auto& field : fields) {
            text += ' ';
            append_log_field(field, text);
        }
        logger.log(level, spdlog::string_view_t(text.data(), text.size()));
    }

    std::shared_ptr<Sink> sink;
    spdlog::logger logger;
};

Log::Log(config::Log::Level level, int descriptor) : logger_(std::make_unique<Logger>(descriptor)) {
    set_level(level);
}

Log::~Log() = default;

void Log::debug(std::string_view event, LogFields fields) {
    logger_->write(spdlog::level::debug, event, fields);
}

void Log::info(std::string_view event, LogFields fields) {
    logger_->write(spdlog::level::info, event, fields);
}

void Log::warning(std::string_view event, LogFields fields) {
    logger_->write(spdlog::level::warn, event, fields);
}

void Log::error(std::string_view event, LogFields fields) {
    logger_->write(spdlog::level::err, event, fields);
}

void Log::set_level(config::Log::Level level) {
    logger_->logger.set_level(spdlog_level(level));
}

std::uint64_t Log::dropped() const {
    return logger_->sink->dropped.load(std::memory_order_relaxed);
}

}  // namespace cardea::observe
