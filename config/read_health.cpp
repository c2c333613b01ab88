#include "config/read_config.hpp"
#include "config/text.hpp"

#include <algorithm>

namespace cardea::config {

namespace {

void read_probe_path(const Node& node, Reader& reader, std::string& out) {
    reader.parsed(node, "E0115", out, [](std::string_view text) -> Result<std::string> {
        const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
        if (!text.starts_with('/') || !visible) {
            return failure("`" + printable(text) + "` is not a path to ask for", {},
                           "write it as in a request: /healthz or /healthz?full=1");
        }
        return std::string(text);
    });
}

void read_expected(const Node& node, Reader& reader, ActiveHealth& out) {
    std::pair<std::uint16_t, std::uint16_t> range;
    const auto parse = [](std::string_view text) -> Result<std::pair<std::uint16_t, std::uint16_t>> {
        const auto dash = text.find('-');
        const auto low = parse_unsigned(text.substr(0, dash), 599);
        const auto high = dash == std::string_view::npos ? low : parse_unsigned(text.substr(dash + 1), 599);
        if (!low || !high || *low < 200 || *high < *low) {
            return failure("`" + printable(text) + "` is not a status or a range of them", {}, "write 200 or 200-399");
        }
        return std::pair{static_cast<std::uint16_t>(*low), static_cast<std::uint16_t>(*high)};
    };
    if (reader.parsed(node, "E0112", range, parse)) {
        out.expect_min = range.first;
        out.expect_max = range.second;
    }
}

void read_active(const Node& node, Reader& reader, ActiveHealth& out) {
    if (node.kind == Node::Kind::scalar) {
        read_probe_path(node, reader, out.path);
        return;
    }
    Percent jitter{static_cast<std::uint32_t>(out.jitter * 100)};
    reader.map(node, "`active`",
               {{"path", [&](const Node& n) { read_probe_path(n, reader, out.path); }},
                {"host", [&](const Node& n) { read_host(n, reader, out.host); }},
                reader.positive("interval", out.interval),
                reader.field("jitter", jitter),
                reader.positive("timeout", out.timeout),
                reader.count("up_after", out.up_after, 1, 1000),
                reader.count("down_after", out.down_after, 1, 1000),
                {"expect", [&](const Node& n) { read_expected(n, reader, out); }}},
               {"body", "grpc", "port", "headers", "method"});
    out.jitter = jitter.value / 100.0;
}

void read_passive(const Node& node, Reader& reader, PassiveHealth& out) {
    if (node.kind == Node::Kind::scalar) {
        reader.choice<bool>(node, "word for `passive`", out.enabled, {{"on", true}, {"off", false}});
        return;
    }
    Percent ejected{out.max_ejected_percent};
    reader.map(node, "`passive`",
               {reader.field("enabled", out.enabled),
                reader.count("errors", out.errors, 1, 1'000'000),
                reader.positive("eject", out.eject),
                reader.positive("eject_max", out.eject_max),
                reader.field("max_ejected", ejected),
                {"statuses", [&](const Node& n) { read_statuses(n, reader, 500, 599, out.statuses); }}},
               {"window", "error_rate"});
    out.max_ejected_percent = ejected.value;
    if (out.eject > out.eject_max) {
        reader.problem(node, "E0210", "`eject` is longer than `eject_max`, which is " + to_string(out.eject_max),
                       {"make `eject_max` the longer one"});
    }
}

void read_admission_kind(const Node& node, Reader& reader, Health& out) {
    Admission kind{};
    reader.choice<Admission>(node, "kind of admission", kind,
                             {{"http", Admission::http}, {"tcp", Admission::tcp}, {"off", Admission::off}});
    out.admission = kind;
}

void read_admission(const Node& node, Reader& reader, Health& out) {
    if (node.kind == Node::Kind::scalar) {
        read_admission_kind(node, reader, out);
        return;
    }
    out.admission = Admission::http;
    reader.map(node, "`admission`",
               {{"probe", [&](const Node& n) { read_admission_kind(n, reader, out); }},
                {"path", [&](const Node& n) { read_probe_path(n, reader, out.admission_path); }},
                reader.positive("timeout", out.admission_timeout)});
}

}  // namespace

void read_health(const Node& node, Reader& reader, Health& out) {
    reader.map(
        node, "`health`",
        {{"admission", [&](const Node& n) { read_admission(n, reader, out); }},
         {"active", [&](const Node& n) { read_active(n, reader, out.active.emplace()); }},
         {"passive", [&](const Node& n) { read_passive(n, reader, out.passive); }},
         {"damping", [&](const Node& n) { reader.choice<bool>(n, "word for `damping`", out.damping, {{"on", true}, {"off", false}}); }}});
}

void read_probing(const Node& node, Reader& reader, Probing& out) {
    reader.map(node, "`health`", {reader.count("max_per_second", out.max_per_second, 1, 100'000)});
}

}  // namespace cardea::config
