#pragma once
// Tells the death of a process from the loss of a connection: several at once, and at least half of what it had. Pure.

#include "config/units.hpp"

#include <cstdint>

namespace cardea::health {

class LossBurst {
public:
    static constexpr std::uint32_t few = 3;
    static constexpr config::Duration window{100};

    /// So many connections were lost since the last report; `in_use`: requests that the endpoint has now, those perhaps included that were
    /// lost with it. True when this makes it a burst, which then is over.
    bool add(std::uint32_t lost, std::uint32_t in_use, config::TimePoint now) {
        if (count_ == 0 || now - begin_ > window) {
            begin_ = now;
            count_ = 0;
        }
        count_ += lost;
        if (count_ < few || count_ * 2 < in_use) {
            return false;
        }
        count_ = 0;
        return true;
    }

    /// The next ones will tell.
    [[nodiscard]] bool brewing() const { return count_ >= few; }

private:
    config::TimePoint begin_{};
    std::uint32_t count_{0};
};

}  // namespace cardea::health
