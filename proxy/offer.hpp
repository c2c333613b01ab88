#pragma once
// What a running process offers to the one that shall take its place. Control thread.

#include "proxy/admin/admin.hpp"
#include "proxy/control/control.hpp"
#include "proxy/doors.hpp"
#include "proxy/upgrade.hpp"

#include <vector>

namespace cardea::proxy {

/// The listening sockets of both kinds, the sources that have answered, how many endpoints each service has ready, and what operators have
/// drained: what the new process must have too before it takes over. Of more than 2 000 services the first by name are told.
[[nodiscard]] std::vector<OfferPart> make_offer(const Doors& doors, const admin::Admin& admin, const control::Control& control);

}  // namespace cardea::proxy
