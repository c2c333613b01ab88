#include "proxy/startup.hpp"

#include "config/text.hpp"
#include "config/units.hpp"

namespace cardea::proxy {

namespace {

constexpr std::size_t line_max = 1000;

}  // namespace

std::string startup_line(std::string_view label, std::string_view text) {
    std::string out = "  ";
    out += label;
    out.append(label.size() < 11 ? 11 - label.size() : 1, ' ');
    out += config::printable(text, line_max);  // some of it quotes what registries say
    out += '\n';
    return out;
}

namespace {

constexpr std::size_t lines_max = 20;  // of one kind: a screen, not a listing

std::string count(std::size_t number, std::string_view noun) {
    return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string source_text(const control::SourceView& source) {
    if (!source.synced) {
        return source.name + ": no complete answer yet" + (source.last_error.empty() ? "" : " (" + source.last_error + ")");
    }
    std::string out = source.name + ": " + count(source.services, "service") + ", " + count(source.endpoints, "endpoint");
    if (source.first_sync) {
        out += " after " + config::to_string(*source.first_sync);
    }
    return out;
}

std::string service_text(const control::ServiceView& service) {
    std::string out = service.name + ": " + std::to_string(service.eligible) + " of " + count(service.endpoints, "endpoint") + " ready";
    return out + (service.routed ? "" : ", no route leads here");
}

template <typename Items, typename Text>
std::string lines(std::string_view label, const Items& items, Text text_of) {
    std::string out;
    std::size_t shown = 0;
    for (const auto& item : items) {
        if (shown++ == lines_max) {
            out += startup_line("", "and " + std::to_string(items.size() - lines_max) + " more: `cardea status`");
            break;
        }
        out += startup_line(label, text_of(item));
    }
    return out;
}

}  // namespace

std::string startup_head(const std::string& config_file, std::size_t workers, const std::vector<control::ListenerView>& listeners,
                         const std::vector<std::string>& admin_addresses) {
    std::string out = "cardea " CARDEA_VERSION ", " + (config_file.empty() ? std::string("configured by the command line") : config_file) +
                      ", " + count(workers, "worker") + "\n";
    out +=
        lines("listening", listeners, [](const control::ListenerView& listener) { return listener.address + " (" + listener.name + ")"; });
    return out + lines("admin", admin_addresses, [](const std::string& address) { return address; });
}

std::string startup_findings(const std::vector<control::SourceView>& sources, const std::vector<control::ServiceView>& services,
                             const std::vector<control::RouteView>& routes, const std::vector<std::string>& problems) {
    std::string out = lines("source", sources, source_text);
    out += lines("service", services, service_text);
    out += lines("route", routes, [](const control::RouteView& route) { return route.match + " -> " + route.action; });
    return out + lines("mind", problems, [](const std::string& problem) { return problem; });
}

}  // namespace cardea::proxy
