#pragma once
// The control plane's knowledge as metric families. Pure, any thread.

#include "discovery/journal.hpp"
#include "proxy/control/views.hpp"
#include "proxy/observe/exposition.hpp"
#include "proxy/snapshot/snapshot.hpp"

#include <vector>

namespace cardea::admin {

/// Endpoints that get series of their own; a larger fleet is summed up in one series with `endpoint="others"` a service, so
/// that a runaway registry cannot flood the monitoring.
inline constexpr std::size_t endpoint_series_max = 2000;

void add_source_families(const std::vector<control::SourceView>& sources, config::WallTime now, observe::Families& out);
void add_endpoint_families(const std::vector<control::EndpointView>& endpoints, observe::Families& out);
/// What the data plane counts of each service, from the newest snapshot. Control thread, whose the snapshot is.
void add_upstream_families(const snapshot::Snapshot& snapshot, config::TimePoint now, observe::Families& out);
void add_journal_families(const discovery::Journal& journal, std::uint64_t lost, observe::Families& out);
void add_control_families(const control::Numbers& numbers, observe::Families& out);

}  // namespace cardea::admin
