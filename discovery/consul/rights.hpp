#pragma once
// May we read what an answer lacks? An empty answer looks the same whether there is nothing or we may not see it, so Consul
// itself is asked: `POST /v1/internal/acl/authorize` answers for each right whether the token has it, `401 ACL support
// disabled` where there are no rights to lose (measured on 1.8.7). Pure functions, any thread.

#include "discovery/event.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace cardea::consul {

enum class Rights : std::uint8_t {
    unknown,
    proven,  ///< everything asked about may be read
    denied,  ///< something may not
    silent,  ///< this Consul, or a proxy before it, does not say
};

/// The body that asks for reading a service and the nodes it was last seen on.
std::string rights_question(const std::string& service, const std::set<std::string>& nodes);

/// What the answer to it shows. 5xx is not for here: that is trouble.
Rights judge_rights(const discovery::Answered& answer);

}  // namespace cardea::consul
