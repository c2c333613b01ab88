#include "config/patterns.hpp"
#include "config/read_config.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <array>

namespace cardea::config {

namespace {

/// Fields that say where a message ends or whom a hop talks to (RFC 9110 section 7.6.1): they are the proxy's to write.
constexpr std::array<std::string_view, 10> framing_fields{
    "connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"};

/// Which way the message goes that a field is edited in.
enum class Towards : std::uint8_t { endpoint, client };

bool read_field_name(const Node& node, const std::string& name, Reader& reader, Towards side) {
    if (!http_token(name)) {
        reader.problem(node, "E0119", Reader::shown(node, name) + " is not a field name",
                       {"letters, digits and hyphens (RFC 9110 section 5.1)"});
        return false;
    }
    const auto lower = ascii_lower(name);
    if (std::find(framing_fields.begin(), framing_fields.end(), lower) != framing_fields.end()) {
        reader.problem(node, "E0119", "the field " + Reader::shown(node, name) + " cannot be edited: messages depend on it",
                       {lower == "host" ? "`upstream_host:` of the service sets the Host that is sent" : "leave it to the proxy"});
        return false;
    }
    if (lower == "via" && side == Towards::endpoint) {
        reader.problem(node, "E0119",
                       "the field " + Reader::shown(node, name) + " of a request cannot be edited: it is how loops are found",
                       {"`via:` of the top-level `headers:` sets the name in it; that of a response can be edited"});
        return false;
    }
    return true;
}

void read_header_fields(const Node& node, Reader& reader, Towards side, std::vector<std::pair<std::string, std::string>>& out) {
    reader.named(node, "a set of header fields", [&](const Node& name, const Node& value) {
        const auto text = reader.text(value);
        if (!read_field_name(name, name.text, reader, side) || !text) {
            return;
        }
        if (!http_field_value(*text)) {
            reader.problem(value, "E0119", "the value of `" + name.text + "` cannot stand in a header",
                           {"no control characters, no line ends, no blanks around it (RFC 9110 section 5.5)"});
            return;
        }
        out.emplace_back(name.text, *text);
    });
}

void read_header_edits(const Node& node, Reader& reader, Towards side, HeaderEdits& out) {
    reader.map(node, side == Towards::endpoint ? "`headers`" : "`response_headers`",
               {{"set", [&](const Node& n) { read_header_fields(n, reader, side, out.set); }},
                {"remove",
                 [&](const Node& n) {
                     reader.each(n, [&](const Node& item) {
                         const auto name = reader.text(item);
                         if (name && read_field_name(item, *name, reader, side)) {
                             out.remove.push_back(*name);
                         }
                     });
                 }}},
               {"add"});
}

void read_method(const Node& node, Reader& reader, std::vector<std::string>& out) {
    constexpr std::array<std::string_view, 8> common{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"};
    const auto text = reader.text(node);
    if (!text) {
        return;
    }
    std::string upper = *text;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    if (!http_token(*text)) {
        reader.problem(node, "E0115", Reader::shown(node, *text) + " is not a method", {"write it as in a request: GET"});
    } else if (upper != *text && std::find(common.begin(), common.end(), upper) != common.end()) {
        reader.problem(node, "E0115", "methods have a case: " + Reader::shown(node, *text) + " matches no request", {},
                       "did you mean `" + upper + "`?");
    } else {
        out.push_back(*text);
    }
}

void read_match(const Node& node, Reader& reader, Match& out) {
    reader.map(node, "`match`",
               {reader.list("host", out.hosts),
                reader.list("path", out.paths),
                {"method", [&](const Node& n) { reader.each(n, [&](const Node& item) { read_method(item, reader, out.methods); }); }}},
               {"header", "headers", "query", "cookie", "client_ip", "listener", "path_regex"});
}

void read_respond(const Node& node, Reader& reader, Respond& out) {
    const auto status = [&](const Node& n) { reader.number(n, out.status, 200, 599, "a status to answer with"); };
    if (node.kind == Node::Kind::scalar) {
        status(node);
        return;
    }
    reader.map(node, "`respond`",
               {{"status", status},
                reader.field("body", out.body),
                {"headers", [&](const Node& n) { read_header_fields(n, reader, Towards::client, out.headers); }}},
               {"file"});
    if (!out.body.empty() && (out.status == 204 || out.status == 304)) {
        reader.problem(node, "E0120", "an answer with status " + std::to_string(out.status) + " has no body",
                       {"remove `body` or choose another status (RFC 9110 section 6.4.1)"});
    }
}

Result<std::string> parse_redirect_target(std::string_view text) {
    const bool usable = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c != 0x7F; });
    for (auto at = text.find('{'); usable && at != std::string_view::npos; at = text.find('{', at + 1)) {
        const auto word = text.substr(at, text.find('}', at) - at + 1);
        if (word != "{host}" && word != "{path}" && word != "{query}") {
            return failure("`" + printable(word) + "` has no meaning in a redirect", {}, "expected: {host}, {path}, {query}");
        }
    }
    const bool absolute = text.starts_with("http://") || text.starts_with("https://");
    if (!usable || (!absolute && !text.starts_with('/'))) {
        return failure("`" + printable(text) + "` is not a place to redirect to", {}, "write https://{host}{path} or /elsewhere");
    }
    return std::string(text);
}

void read_redirect(const Node& node, Reader& reader, Redirect& out) {
    const auto target = [&](const Node& n) { reader.parsed(n, "E0115", out.to, parse_redirect_target); };
    if (node.kind == Node::Kind::scalar) {
        target(node);
        return;
    }
    bool given = false;
    reader.map(node, "`redirect`",
               {{"to",
                 [&](const Node& n) {
                     given = true;
                     target(n);
                 }},
                {"status", [&](const Node& n) {
                     const std::initializer_list<std::pair<std::string_view, std::uint16_t>> known{
                         {"301", 301}, {"302", 302}, {"303", 303}, {"307", 307}, {"308", 308}};
                     reader.choice<std::uint16_t>(n, "status of a redirect", out.status, known);
                 }}});
    if (!given) {
        reader.problem(node, "E0109", "a redirect without `to`",
                       {"write `redirect: {to: https://{host}{path}, status: 308}` with quotes around the target"});
    }
}

/// What a route without a name of its own is called in logs and metrics.
std::string describe(const Match& match) {
    std::string out;
    const auto add = [&out](const std::string& part) { out += (out.empty() || part.empty() ? "" : " ") + part; };
    add(match.methods.empty() ? "" : match.methods.front() + (match.methods.size() > 1 ? ",..." : ""));
    const auto host = match.hosts.empty() ? "*" : to_string(match.hosts.front()) + (match.hosts.size() > 1 ? ",..." : "");
    const auto path = match.paths.empty() ? "/**" : to_string(match.paths.front()) + (match.paths.size() > 1 ? ",..." : "");
    add(host + path);
    return out;
}

void read_service_name(const Node& node, Reader& reader, const std::string& path, RouteAction& out) {
    const auto name = reader.text(node);
    if (!name) {
        return;
    }
    if (name->find("://") != std::string::npos) {
        reader.problem(node, "E0116", "a route names a service, not where its endpoints are",
                       {"write `services: {NAME: " + printable(node.text) + "}` and `service: NAME` here"});
        return;
    }
    if (name->empty() || *name != trim(*name) || *name != printable(*name, 128)) {
        reader.problem(node, "E0107", Reader::shown(node, *name) + " is not a name of a service",
                       {"1 to 128 characters, no control characters, no blanks around it"});
        return;
    }
    reader.mark(path + ".service", node);
    out = ToService{*name};
}

void read_route(const Node& node, Reader& reader, const std::string& path, Route& out) {
    std::vector<const Node*> actions;
    const auto action = [&actions](const auto& read) {
        return [&actions, read](const Node& n) {
            actions.push_back(&n);
            read(n);
        };
    };
    const auto misplaced = [&](const Node& n) {
        reader.problem(n, "E0105", "host, path and method of a route stand under `match`",
                       {"write `match: {host: ..., path: ..., method: ...}`"});
    };
    reader.map(node, "a route",
               {reader.field("name", out.name),
                {"host", misplaced},
                {"path", misplaced},
                {"method", misplaced},
                {"match", [&](const Node& n) { read_match(n, reader, out.match); }},
                {"service", action([&](const Node& n) { read_service_name(n, reader, path, out.action); })},
                {"respond", action([&](const Node& n) { read_respond(n, reader, out.action.emplace<Respond>()); })},
                {"redirect", action([&](const Node& n) { read_redirect(n, reader, out.action.emplace<Redirect>()); })},
                {"headers", [&](const Node& n) { read_header_edits(n, reader, Towards::endpoint, out.request_headers); }},
                {"response_headers", [&](const Node& n) { read_header_edits(n, reader, Towards::client, out.response_headers); }}},
               {"strip_prefix", "rewrite", "split", "for_each", "limit", "filters", "auth", "cache", "timeouts", "retry", "mirror",
                "compress", "listener", "priority", "cors"});
    if (node.kind != Node::Kind::map) {
        return;
    }
    if (actions.empty()) {
        reader.problem(node, "E0109", "this route leads nowhere", {"give it one of `service:`, `respond:` and `redirect:`"});
    } else if (actions.size() > 1) {
        reader.problem(*actions[1], "E0120", "this route leads to more than one place",
                       {"keep one of `service:`, `respond:` and `redirect:`"});
    }
    if (out.name.empty()) {
        out.name = describe(out.match);
    }
}

}  // namespace

void read_routes(const Node& node, Reader& reader, std::vector<Route>& out) {
    if (node.kind != Node::Kind::list) {
        reader.problem(node, node.kind == Node::Kind::null ? "E0123" : "E0108", "`routes` is not a list", {"begin each route with `- `"});
        return;
    }
    reader.each(node, [&](const Node& item) {
        const auto path = "routes." + std::to_string(out.size());
        Route route;
        route.origin = reader.origin(item);
        reader.mark(path, item);
        const auto problems = reader.problem_count();
        read_route(item, reader, path, route);
        if (reader.problem_count() != problems || item.damaged) {
            reader.mark(path + ".incomplete", item);
        }
        out.push_back(std::move(route));
    });
}

}  // namespace cardea::config
