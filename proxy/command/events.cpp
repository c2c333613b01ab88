#include "config/text.hpp"
#include "proxy/command/admin_client.hpp"
#include "proxy/command/event_lines.hpp"
#include "proxy/command/views.hpp"

#include <chrono>
#include <ostream>
#include <string>
#include <thread>

namespace cardea::command {

namespace {

/// How long a restart of the instance may take before the follower gives up.
constexpr auto reconnect_patience = std::chrono::seconds(15);
constexpr auto reconnect_pause = std::chrono::milliseconds(250);

std::string events_target(const config::CommandLine& line, const std::string& more) {
    std::string query = more;
    const auto add = [&query](const std::string& name, const std::string& value) {
        if (!value.empty()) {
            query += (query.empty() ? "" : "&") + name + "=" + config::percent_encode(value);
        }
    };
    add("service", line.service);
    add("since", line.moment);
    return "/v1/events" + (query.empty() ? "" : "?" + query);
}

void print_event(const config::CommandLine& line, const Streams& streams, std::string_view json) {
    if (line.json) {
        streams.out << json << "\n" << std::flush;
    } else if (const auto document = config::json::parse(json)) {
        streams.out << event_line(document->root()) << std::flush;
    }
}

config::ExitCode follow_events(const config::CommandLine& line, const Streams& streams) {
    EventLines events([&](const EventLines::Event& event) {
        if (event.name == "gap" || event.name == "dropped") {
            streams.err << event.name << ": " << event.data << "\n" << std::flush;
        } else {
            print_event(line, streams, event.data);
        }
    });
    auto heard = std::chrono::steady_clock::now();
    bool connected = false;
    for (;;) {
        std::vector<std::pair<std::string, std::string>> headers{{"Accept", "text/event-stream"}};
        if (!events.last_id().empty()) {
            headers.emplace_back("Last-Event-ID", events.last_id());
        }
        events.restart();
        const auto followed =
            follow_admin(line, events_target(line, ""), headers, [&events](std::string_view bytes) { events.feed(bytes); });
        const auto now = std::chrono::steady_clock::now();
        if (followed) {
            heard = now;
            connected = true;
        } else if (!connected || now - heard > reconnect_patience) {
            streams.err << followed.error().what << "\n" << followed.error().hint << "\n" << std::flush;
            return config::ExitCode::unavailable;
        }
        std::this_thread::sleep_for(reconnect_pause);
    }
}

}  // namespace

config::ExitCode events(const config::CommandLine& line, const Streams& streams) {
    if (line.follow) {
        return follow_events(line, streams);
    }
    const auto answer = ask_document(line, streams, "GET", events_target(line, "limit=10000"));
    if (!answer) {
        return answer.error();
    }
    if (line.json) {
        streams.out << answer->text << std::flush;
        return config::ExitCode::ok;
    }
    for (const auto event : answer->document.root()["events"].elements()) {
        streams.out << event_line(event);
    }
    streams.out << std::flush;
    return config::ExitCode::ok;
}

config::ExitCode history(const config::CommandLine& line, const Streams& streams) {
    std::string target = "/v1/history/" + config::percent_encode(line.service);
    if (!line.moment.empty()) {
        target += "?at=" + config::percent_encode(line.moment);
    }
    const auto answer = ask_document(line, streams, "GET", target);
    if (!answer) {
        return answer.error();
    }
    streams.out << (line.json ? answer->text : history_table(answer->document.root())) << std::flush;
    return config::ExitCode::ok;
}

}  // namespace cardea::command
