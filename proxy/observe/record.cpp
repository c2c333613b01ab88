#include "proxy/observe/record.hpp"

#include <array>

namespace cardea::observe {

std::string_view name_of(Loss loss) {
    constexpr std::array<std::string_view, static_cast<std::size_t>(Loss::count_)> names{
        "none", "response_begun", "request_sent", "body_too_large", "attempts", "budget", "policy", "nobody_home"};
    return names[static_cast<std::size_t>(loss)];
}

std::string_view name_of(Outcome outcome) {
    constexpr std::array<std::string_view, 3> names{"complete", "cut", "client_gone"};
    return names[static_cast<std::size_t>(outcome)];
}

}  // namespace cardea::observe
