#pragma once
// The event log: one line an event on standard error, `TIME level=… event=… key=value …`. Made once in main and passed on.
// Any thread may write; a line costs one small lock and one write(2). A reader of the log that stalls or goes away stops
// nothing: the line is dropped and counted. Secrets never come here: callers log names and causes, not values.

#include "config/config.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace cardea::observe {

struct LogField {
    LogField(std::string_view field_key, std::string_view field_value) : key(field_key), value(field_value) {}
    LogField(std::string_view field_key, const char* field_value) : key(field_key), value(field_value) {}
    LogField(std::string_view field_key, std::string field_value) : key(field_key), value(std::move(field_value)) {}
    LogField(std::string_view field_key, std::integral auto number) : key(field_key), value(std::to_string(number)) {}
    std::string_view key;
    std::string value;
};

using LogFields = std::initializer_list<LogField>;

class Log {
public:
    /// Writes to `descriptor`, which stays the caller's and need not be open.
    explicit Log(config::Log::Level level = config::Log::Level::info, int descriptor = 2);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void debug(std::string_view event, LogFields fields = {});
    void info(std::string_view event, LogFields fields = {});
    void warning(std::string_view event, LogFields fields = {});
    void error(std::string_view event, LogFields fields = {});
    void set_level(config::Log::Level level);
    [[nodiscard]] std::uint64_t dropped() const;  ///< lines that nobody would take

private:
    struct Sink;
    struct Logger;
    std::unique_ptr<Logger> logger_;
};

/// `key=value`, the value in double quotes when it is empty or holds a blank, a quote, `=` or a control character; these
/// are then written as `\"`, `\\`, `\n`, `\xNN`. Appends.
void append_log_field(const LogField& field, std::string& out);

}  // namespace cardea::observe
