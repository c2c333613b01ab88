#include "config/json.hpp"
#include "config/text.hpp"
#include "config/units.hpp"
#include "proxy/command/admin_client.hpp"
#include "proxy/command/commands.hpp"
#include "proxy/command/table.hpp"
#include "proxy/command/views.hpp"

#include <array>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::command {

namespace {

using config::json::Value;

constexpr std::size_t problem_max = 1000;  // they quote what registries say
constexpr std::array<std::string_view, 5> pages{"/v1/version", "/v1/sources", "/v1/services", "/v1/endpoints", "/v1/problems"};

std::string duration_of(Value milliseconds) {
    const auto count = milliseconds.as_int64();
    return count ? config::to_string(config::Duration(*count)) : "-";
}

/// Ages are read by people: seconds are exact enough.
std::string age_of(Value milliseconds) {
    const auto count = milliseconds.as_int64();
    return count ? config::to_string(std::chrono::floor<std::chrono::seconds>(config::Duration(*count))) : "-";
}

std::string sources_table(Value sources) {
    std::vector<Row> rows{{"SOURCE", "STATE", "HEARD", "FIRST SYNC", "SERVICES", "ENDPOINTS", "WHY"}};
    for (const auto source : sources.elements()) {
        const bool connected = source["connected"].as_bool().value_or(false);
        const bool synced = source["synced"].as_bool().value_or(false);
        rows.push_back(
            {text_of(source["name"]),
             connected ? (synced ? (source["freshness"].string_or("fresh") == "fresh" ? "synced" : "stale") : "syncing") : "lost",
             age_of(source["age_ms"]) + " ago", duration_of(source["first_sync_ms"]), number_of(source["services"]),
             number_of(source["endpoints"]), text_of(source[source["last_error"].string_or("").empty() ? "stale" : "last_error"])});
        for (const auto note : source["notes"].elements()) {
            rows.push_back({"", "", "", "", "", "", text_of(note)});
        }
    }
    return rows.size() == 1 ? "" : table(rows) + "\n";
}

std::string services_table(Value services) {
    std::vector<Row> rows{{"SERVICE", "READY", "BALANCE", "ROUTED"}};
    for (const auto service : services.elements()) {
        rows.push_back({text_of(service["name"]), number_of(service["eligible"]) + "/" + number_of(service["endpoints"]),
                        text_of(service["balance"]), service["routed"].as_bool().value_or(false) ? "yes" : "no"});
    }
    return rows.size() == 1 ? "no services\n\n" : table(rows) + "\n";
}

/// Every page is one object; together they are one, too.
std::string joined(const std::vector<std::string>& bodies) {
    std::string out = "{";
    for (const auto& body : bodies) {
        const auto begin = body.find('{');
        const auto end = body.rfind('}');
        if (begin != std::string::npos && end != std::string::npos && end > begin + 1) {
            out += (out.size() > 1 ? "," : "") + body.substr(begin + 1, end - begin - 1);
        }
    }
    return out + "}\n";
}

}  // namespace

config::ExitCode status(const config::CommandLine& line, const Streams& streams) {
    std::vector<std::string> bodies;
    for (const auto page : pages) {
        auto answer = ask_admin(line, "GET", page);
        if (!answer) {
            streams.err << answer.error().what << "\n" << answer.error().hint << "\n" << std::flush;
            return config::ExitCode::unavailable;
        }
        if (answer->status != 200) {
            streams.err << page << " answered " << answer->status << ": " << answer->body << std::flush;
            return config::ExitCode::failed;
        }
        bodies.push_back(std::move(answer->body));
    }
    const std::string all = joined(bodies);
    if (line.json) {
        streams.out << all << std::flush;
        return config::ExitCode::ok;
    }
    const auto document = config::json::parse(all);
    if (!document) {
        streams.err << "the admin door answered what is no JSON: " << document.error().what << "\n" << std::flush;
        return config::ExitCode::failed;
    }
    const auto root = document->root();
    streams.out << "cardea " << root["version"].string_or("?") << ", pid " << number_of(root["pid"]) << ", since "
                << root["started"].string_or("?") << ", configuration " << number_of(root["config_generation"])
                << (root["ready"].as_bool().value_or(false) ? ", ready" : ", not ready") << "\n\n";
    streams.out << sources_table(root["sources"]) << services_table(root["services"]) << endpoints_table(root["endpoints"]);
    for (const auto problem : root["problems"].elements()) {
        streams.out << "\nmind: " << config::printable(problem.string_or(""), problem_max);
    }
    streams.out << (root["problems"].size() > 0 ? "\n" : "") << std::flush;
    return config::ExitCode::ok;
}

}  // namespace cardea::command
