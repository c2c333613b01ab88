#include "discovery/journal_json.hpp"

#include "config/moment.hpp"

#include <array>
#include <limits>

namespace cardea::discovery {

namespace {

using Text = std::string JournalEntry::*;

constexpr std::array<std::pair<std::string_view, Text>, 8> entry_texts{{
    {"service", &JournalEntry::service},
    {"endpoint", &JournalEntry::endpoint},
    {"source", &JournalEntry::source},
    {"cause", &JournalEntry::cause},
    {"evidence", &JournalEntry::evidence},
    {"effect", &JournalEntry::effect},
    {"state", &JournalEntry::state},
    {"address", &JournalEntry::address},
}};

}  // namespace

void write_entry(config::json::Writer& json, const JournalEntry& entry) {
    json.begin_object().member("id", entry.id).member("time", config::utc_text_precise(entry.at)).member("kind", word_of(entry.kind));
    for (const auto& [name, text] : entry_texts) {
        if (!(entry.*text).empty()) {
            json.member(name, entry.*text);
        }
    }
    if (!entry.state.empty()) {
        json.member("weight", entry.weight);
    }
    if (entry.receipt) {
        json.key("receipt").begin_object().member("in_flight", entry.receipt->in_flight).member("finished", entry.receipt->finished);
        json.member("moved", entry.receipt->moved).member("failed", entry.receipt->failed).end_object();
    }
    json.end_object();
}

std::string entry_json(const JournalEntry& entry) {
    std::string out;
    config::json::Writer json(out);
    write_entry(json, entry);
    return out;
}

config::Result<JournalEntry> parse_entry(std::string_view json) {
    const auto document = config::json::parse(json);
    if (!document) {
        return tl::unexpected(document.error());
    }
    const auto root = document->root();
    const auto id = root["id"].as_uint64();
    const auto kind = journal_kind(root["kind"].string_or(""));
    const auto at = config::parse_moment(root["time"].string_or(""), {});
    if (!id || !kind || !at) {
        return config::failure("this is not an entry of the journal");
    }
    JournalEntry entry;
    entry.id = *id;
    entry.kind = *kind;
    entry.at = *at;
    for (const auto& [name, text] : entry_texts) {
        entry.*text = root[name].string_or("");
    }
    constexpr std::uint64_t weight_max = std::numeric_limits<std::uint32_t>::max();
    entry.weight = static_cast<std::uint32_t>(std::min(root["weight"].as_uint64().value_or(1), weight_max));
    if (const auto receipt = root["receipt"]; receipt.exists()) {
        const auto number = [&receipt](std::string_view name) { return receipt[name].as_uint64().value_or(0); };
        entry.receipt = Receipt{number("in_flight"), number("finished"), number("moved"), number("failed")};
    }
    return entry;
}

}  // namespace cardea::discovery
