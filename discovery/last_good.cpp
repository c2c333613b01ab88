#include "discovery/last_good.hpp"

#include "config/json.hpp"
#include "config/text.hpp"
#include "discovery/facts.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace cardea::discovery {

namespace {

using config::json::Value;
using config::json::Writer;

constexpr std::string_view last_good_format = "cardea-last-good 1 ";
constexpr std::array statuses{Status::up, Status::starting, Status::draining, Status::paused, Status::down};

/// CRC-32C (RFC 3720, appendix B.4), reflected.
constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
        }
        table[i] = value;
    }
    return table;
}();

std::string checksum(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc = crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8U);
    }
    crc = ~crc;
    std::string text;
    for (unsigned shift = 32; shift > 0; shift -= 4) {
        text += "0123456789abcdef"[(crc >> (shift - 4)) & 15U];
    }
    return text;
}

std::int64_t milliseconds(config::WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

void write_fact(Writer& json, const Fact& fact) {
    json.begin_object().member("instance", fact.key.instance).member("service", fact.service).key("addresses").begin_array();
    for (const config::Address& address : fact.addresses) {
        json.value(config::to_string(address));
    }
    json.end_array().member("weight", fact.weight).member("status", to_string(fact.status));
    json.member("why", fact.why).member("incarnation", fact.incarnation).member("registrator_id", fact.registrator_id);
    json.key("tags").begin_array();
    for (const std::string& tag : fact.tags) {
        json.value(tag);
    }
    json.end_array().key("labels").begin_object();
    for (const auto& [name, value] : fact.labels) {
        json.member(name, value);
    }
    json.end_object();
    if (fact.drain) {
        json.member("drain_ms", fact.drain->count());
    }
    json.member("local", fact.local_source).end_object();
}

std::string text_in(Value object, std::string_view name) {
    return std::string{object[name].string_or("")};
}

std::optional<Fact> read_fact(Value entry, const std::string& source) {
    Fact fact;
    fact.key = {source, text_in(entry, "instance")};
    fact.service = text_in(entry, "service");
    for (const Value item : entry["addresses"].elements()) {
        auto address = config::parse_address(item.string_or(""));
        if (!address) {
            return std::nullopt;
        }
        fact.addresses.push_back(std::move(*address));
    }
    const auto weight = entry["weight"].as_uint64();
    const auto status = std::find_if(statuses.begin(), statuses.end(),
                                     [word = entry["status"].string_or("")](Status one) { return to_string(one) == word; });
    if (fact.key.instance.empty() || fact.addresses.empty() || !weight || *weight > std::numeric_limits<std::uint32_t>::max() ||
        status == statuses.end()) {
        return std::nullopt;
    }
    fact.weight = static_cast<std::uint32_t>(*weight);
    fact.status = *status;
    fact.why = text_in(entry, "why");
    fact.incarnation = text_in(entry, "incarnation");
    fact.registrator_id = text_in(entry, "registrator_id");
    for (const Value tag : entry["tags"].elements()) {
        fact.tags.emplace_back(tag.string_or(""));
    }
    for (const auto [name, value] : entry["labels"].members()) {
        fact.labels.emplace(name, value.string_or(""));
    }
    if (const auto drain = entry["drain_ms"].as_int64(); drain && *drain >= 0) {
        fact.drain = config::Duration{*drain};
    }
    fact.local_source = entry["local"].as_bool().value_or(false);
    return fact;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

config::Result<void> check_owner(std::string_view line, const LastGoodOwner& owner) {
    const auto header = config::json::parse(line);
    if (!header) {
        return config::failure("its second line is not readable");
    }
    const Value root = header->root();
    if (root["source"].string_or("") != owner.source || root["settings"].string_or("") != owner.settings) {
        return config::failure("it belongs to " + config::printable(text_in(root, "source") + " at " + text_in(root, "settings"), 200));
    }
    if (root["boot"].string_or("") != owner.boot) {
        return config::failure("it was written before this machine's last boot");
    }
    return {};
}

config::Result<std::pair<std::string, Recalled>> read_query(std::string_view line, const std::string& source) {
    const auto document = config::json::parse(line);
    if (!document) {
        return config::failure("a line of it is not readable");
    }
    const Value root = document->root();
    const auto confirmed = root["confirmed"].as_int64();
    const auto query = root["query"].as_string();
    if (!confirmed || !query || root["facts"].type() != config::json::Type::array) {
        return config::failure("a line of it has no query, time or facts");
    }
    Recalled recalled{.confirmed = config::WallTime{std::chrono::duration_cast<config::WallTime::duration>(
                          std::chrono::milliseconds{std::clamp<std::int64_t>(*confirmed, 0, 253'402'300'799'999)})}};
    for (const Value entry : root["facts"].elements()) {
        auto fact = read_fact(entry, source);
        if (!fact) {
            return config::failure("an instance in it is not readable");
        }
        recalled.facts.push_back(std::move(*fact));
    }
    sort_by_key(recalled.facts);
    return std::pair{std::string{*query}, std::move(recalled)};
}

}  // namespace

std::string remember_query(const std::string& query, const std::vector<Fact>& facts) {
    std::string out;
    Writer json(out);
    json.begin_object().member("query", query).key("facts").begin_array();
    for (const Fact& fact : facts) {
        write_fact(json, fact);
    }
    json.end_array().end_object();
    return out;
}

std::string write_last_good(const LastGoodOwner& owner, const std::map<std::string, Remembered>& queries) {
    std::string body;
    Writer(body).begin_object().member("source", owner.source).member("settings", owner.settings).member("boot", owner.boot).end_object();
    body += '\n';
    for (const auto& [query, remembered] : queries) {
        // the time goes first into the object that remember_query() made
        body += "{\"confirmed\":" + std::to_string(milliseconds(remembered.confirmed)) + ",";
        body.append(remembered.text, 1);
        body += '\n';
    }
    std::string file{last_good_format};
    file += checksum(body);
    file += '\n';
    return file += body;
}

config::Result<std::map<std::string, Recalled>> read_last_good(std::string_view file, const LastGoodOwner& owner, config::WallTime now,
                                                               config::Duration max_age) {
    const std::string_view head = take_line(file);
    if (!head.starts_with(last_good_format)) {
        return config::failure("it is not a file of this kind and version");
    }
    if (head.substr(last_good_format.size()) != checksum(file)) {
        return config::failure("its checksum is wrong: it was cut short or changed");
    }
    if (auto mine = check_owner(take_line(file), owner); !mine) {
        return tl::unexpected{std::move(mine.error())};
    }
    std::map<std::string, Recalled> queries;
    bool any_old = false;
    while (!file.empty()) {
        auto query = read_query(take_line(file), owner.source);
        if (!query) {
            return tl::unexpected{std::move(query.error())};
        }
        const auto age = std::chrono::abs(now - query->second.confirmed);  // a clock may have been set either way
        if (age > max_age) {
            any_old = true;
        } else {
            queries.insert(std::move(*query));
        }
    }
    if (queries.empty() && any_old) {
        return config::failure("everything in it is older than " + config::to_string(max_age));
    }
    return queries;
}

}  // namespace cardea::discovery
