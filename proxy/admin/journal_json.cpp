#include "proxy/admin/journal_json.hpp"

#include "config/json.hpp"
#include "config/moment.hpp"
#include "discovery/journal_json.hpp"

namespace cardea::admin {

using config::json::Writer;

std::string events_json(const discovery::Journal& journal, const std::vector<const discovery::JournalEntry*>& entries) {
    std::string out;
    Writer json(out);
    json.begin_object().member("kept_since", config::utc_text_precise(journal.kept_since())).member("last_id", journal.last_id());
    json.member("dropped", journal.dropped()).key("events").begin_array();
    for (const auto* const entry : entries) {
        discovery::write_entry(json, *entry);
    }
    json.end_array().end_object();
    return out + "\n";
}

std::string history_json(const discovery::Journal& journal, std::string_view service, config::WallTime when,
                         const std::vector<discovery::PastMember>* members) {
    std::string out;
    Writer json(out);
    json.begin_object().member("service", service).member("at", config::utc_text_precise(when));
    json.member("kept_since", config::utc_text_precise(journal.kept_since())).key("endpoints");
    if (members == nullptr) {
        json.null().member("error", "nothing is kept of that time");
    } else {
        json.begin_array();
        for (const auto& member : *members) {
            json.begin_object().member("endpoint", member.endpoint).member("address", member.address).member("state", member.state);
            json.member("weight", member.weight).member("since", config::utc_text_precise(member.since));
            json.member("source", member.source).member("cause", member.cause).end_object();
        }
        json.end_array();
    }
    json.end_object();
    return out + "\n";
}

std::string drains_json(const std::vector<control::DrainView>& drains) {
    std::string out;
    Writer json(out);
    json.begin_object().key("endpoints").begin_array();
    for (const auto& drain : drains) {
        json.begin_object().member("service", drain.service).member("endpoint", drain.endpoint);
        json.member("since", config::utc_text(drain.since)).end_object();
    }
    json.end_array().end_object();
    return out + "\n";
}

std::string event_text(const discovery::JournalEntry& entry) {
    std::string out = "id: " + std::to_string(entry.id) + "\nevent: ";
    out += discovery::word_of(entry.kind);
    out += "\ndata: " + discovery::entry_json(entry) + "\n\n";
    return out;
}

std::string gap_text(std::string_view event, std::string_view why) {
    std::string out = "event: ";
    out += event;
    out += "\ndata: ";
    Writer(out).begin_object().member("why", why).end_object();
    return out + "\n\n";
}

}  // namespace cardea::admin
