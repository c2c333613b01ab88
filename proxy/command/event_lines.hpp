#pragma once
// Server-sent events as they arrive in pieces (WHATWG HTML section 9.2.6), as much of it as our own door sends. Pure.

#include <cstddef>
#include <functional>
#include <functional>
#include <string>
#include <string_view>

namespace cardea::command {

class EventLines {
public:
    struct Event {
        std::string name{}, data{};
    };
    explicit EventLines(std::function<void(const Event&)> take) : take_(std::move(take)) {}
    void feed(std::string_view bytes);
    [[nodiscard]] const std::string& last_id() const { return last_id_; }
    /// A new connection: what was half said is forgotten, the last id stays.
    void restart();

private:
    static constexpr std::size_t line_max = 64 * 1024;  ///< longer ones are dropped
    void line();

    std::function<void(const Event&)> take_;
    std::string line_{}, last_id_{};
    Event event_{};
};

}  // namespace cardea::command
