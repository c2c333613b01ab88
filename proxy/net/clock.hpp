#pragma once
// The clocks of the data plane, given from outside so that tests own the time. Read once per poll batch. Any thread.

#include "config/units.hpp"

#include <chrono>

namespace cardea::net {

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual config::TimePoint now() const = 0;  ///< never goes back
    [[nodiscard]] virtual config::WallTime wall() const = 0;  ///< for logs and Date only
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] config::TimePoint now() const override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] config::WallTime wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace cardea::net
