#include "proxy/health/admission.hpp"

namespace cardea::health {

config::Duration ladder_delay(std::uint32_t attempt, config::Duration elapsed) {
    using std::chrono_literals::operator""ms;
    if (elapsed >= ladder_haste) {
        return 250ms;
    }
    return attempt < 4 ? config::Duration(1U << attempt) : 10ms;
}

}  // namespace cardea::health
