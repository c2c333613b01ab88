#pragma once
// From a Tree to a Config: which keys exist and what they mean. The whole surface a user writes is in the read_*.cpp files;
// their names are the names in config.hpp. Cross-checks between parts are in validate.hpp.

#include "config/reader.hpp"

namespace cardea::config {

/// More would not fit, edited, where a worker writes the heads it sends.
inline constexpr Bytes most_head_bytes{128ULL << 10};

/// The whole file. Parts with problems keep their defaults.
Config read_config(const Node* root, Reader& reader);

void read_listen(const Node& node, Reader& reader, std::vector<Listener>& out);     ///< short form: one address or a list
void read_listeners(const Node& node, Reader& reader, std::vector<Listener>& out);  ///< name -> address or mapping
void read_discovery(const Node& node, Reader& reader, Discovery& out);
void read_services(const Node& node, Reader& reader, std::vector<Service>& out);
void read_health(const Node& node, Reader& reader, Health& out);
void read_probing(const Node& node, Reader& reader, Probing& out);  ///< `health` of the whole process
void read_routes(const Node& node, Reader& reader, std::vector<Route>& out);

/// `chunked` of `client` and of `response`.
void read_chunked(const Node& node, Reader& reader, ChunkedLimits& out);
/// A count above zero, or the word `none` for 0.
void read_count_or(std::string_view none, const Node& node, Reader& reader, std::uint32_t& out);
/// A time, or the word `none` for 0.
void read_time_or(std::string_view none, const Node& node, Reader& reader, Duration& out);
/// One status or a list of them.
void read_statuses(const Node& node, Reader& reader, std::uint16_t min, std::uint16_t max, std::vector<std::uint16_t>& out);
/// What a Host field may hold.
void read_host(const Node& node, Reader& reader, std::string& out);

}  // namespace cardea::config
