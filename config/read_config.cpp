#include "config/read_config.hpp"

#include "config/defaults.hpp"
#include "config/text.hpp"

#include <algorithm>

namespace cardea::config {

namespace {

using Keys = std::vector<Reader::Key>;

bool word(const Node& node, std::string_view text) {
    return node.kind == Node::Kind::scalar && node.text == text;
}

void read_buffered(const Node& node, Reader& reader, Bytes& out) {
    if (word(node, "auto")) {
        out = Bytes{0};
    } else {
        reader.size("max_buffered", out, Bytes{1ULL << 20U}, Bytes{1ULL << 50U}).read(node);
    }
}

void read_state_dir(const Node& node, Reader& reader, std::string& out) {
    reader.parsed(node, "E0121", out, [](std::string_view text) -> Result<std::string> {
        if (!text.starts_with('/') || text.find('\0') != std::string_view::npos) {
            return failure("`" + printable(text) + "` is no folder", {}, "write an absolute path, `/var/lib/cardea`");
        }
        return std::string{text.substr(0, std::max<std::size_t>(text.find_last_not_of('/') + 1, 1))};
    });
}

void read_account(const Node& node, Reader& reader, std::string& out) {
    reader.parsed(node, "E0124", out, [](std::string_view text) -> Result<std::string> {
        constexpr std::size_t longest = 32;  // LOGIN_NAME_MAX leaves room for more, useradd(8) does not
        const auto allowed = [](char c) { return ascii_alpha(c) || ascii_digit(c) || c == '_' || c == '-' || c == '.'; };
        if (text.empty() || text.size() > longest || text.front() == '-' || !std::all_of(text.begin(), text.end(), allowed)) {
            return failure("`" + printable(text) + "` is no name of a user or group", {}, "write a name, `cardea`, or a number, 65532");
        }
        return std::string{text};
    });
}

void read_process(const Node& node, Reader& reader, Process& out) {
    reader.map(node, "`process`",
               Keys{{"threads", [&](const Node& n) { read_count_or("auto", n, reader, out.threads); }},
                    {"max_connections", [&](const Node& n) { read_count_or("auto", n, reader, out.max_connections); }},
                    {"max_buffered", [&](const Node& n) { read_buffered(n, reader, out.max_buffered); }},
                    {"max_queue_time", [&](const Node& n) { read_time_or("off", n, reader, out.max_queue_time); }},
                    {"max_pipes", [&](const Node& n) { read_count_or("off", n, reader, out.max_pipes); }},
                    {"latency",
                     [&](const Node& n) {
                         reader.choice<Latency>(n, "latency", out.latency, {{"normal", Latency::normal}, {"adaptive", Latency::adaptive}});
                     }},
                    reader.field("graceful_timeout", out.graceful_timeout),
                    reader.field("stop_delay", out.stop_delay),
                    reader.field("wait_for_sources", out.wait_for_sources),
                    {"state_dir", [&](const Node& n) { read_state_dir(n, reader, out.state_dir); }},
                    {"user", [&](const Node& n) { read_account(n, reader, out.user); }},
                    {"group", [&](const Node& n) { read_account(n, reader, out.group); }},
                    {"sandbox", [&](const Node& n) {
                         reader.choice<Sandbox>(n, "sandbox", out.sandbox,
                                                {{"auto", Sandbox::automatic}, {"on", Sandbox::on}, {"off", Sandbox::off}});
                     }}});
}

void read_admin_tcp(const Node& node, Reader& reader, Admin& out) {
    if (word(node, "off")) {
        out.tcp.reset();
        return;
    }
    Address address;
    if (reader.parsed(node, "E0113", address, parse_listen_address)) {
        reader.mark("admin.tcp", node);
        out.tcp = address;
    }
}

void read_admin_socket(const Node& node, Reader& reader, Admin& out) {
    if (word(node, "off")) {
        out.unix_path.clear();
        return;
    }
    Address address;
    if (!reader.parsed(node, "E0113", address, parse_listen_address)) {
        return;
    }
    if (address.kind != Address::Kind::unix_path) {
        reader.problem(node, "E0113", "`admin.address` is a unix socket", {"write unix:/path here and an IP address under `tcp:`"});
        return;
    }
    out.unix_path = address.name;
}

void read_admin(const Node& node, Reader& reader, Admin& out) {
    out.origin = reader.origin(node);
    if (node.kind != Node::Kind::scalar) {
        reader.map(node, "`admin`",
                   Keys{reader.field("enabled", out.enabled),
                        {"tcp", [&](const Node& n) { read_admin_tcp(n, reader, out); }},
                        {"address", [&](const Node& n) { read_admin_socket(n, reader, out); }},
                        reader.count("max_connections", out.max_connections, 1, 10'000),
                        reader.count("max_followers", out.max_followers, 0, 1000),
                        reader.size("max_request", out.max_request, Bytes{1024}, Bytes{1ULL << 20U})},
                   {"auth", "dashboard"});
        return;
    }
    if (word(node, "off")) {
        out.enabled = false;
    } else if (node.text.starts_with("unix:")) {
        read_admin_socket(node, reader, out);
    } else {
        read_admin_tcp(node, reader, out);
    }
}

void read_output(const Node& node, Reader& reader, AccessLog& out) {
    const auto text = reader.text(node);
    if (!text) {
        return;
    }
    if (text->starts_with('/') && !text->ends_with('/')) {
        out.output = AccessLog::Output::file;
        out.path = *text;
    } else if (text->find('/') != std::string::npos) {
        reader.problem(node, "E0107", Reader::shown(node, *text) + " is not a place for the access log",
                       {"write none, stdout, stderr or an absolute path"});
    } else {
        reader.choice<AccessLog::Output>(node, "output", out.output,
                                         {{"none", AccessLog::Output::none},
                                          {"stdout", AccessLog::Output::standard_output},
                                          {"stderr", AccessLog::Output::standard_error}});
    }
}

void read_access_log(const Node& node, Reader& reader, AccessLog& out) {
    out.origin = reader.origin(node);
    if (node.kind == Node::Kind::scalar) {
        read_output(node, reader, out);
        return;
    }
    reader.map(node, "`access_log`",
               Keys{{"output", [&](const Node& n) { read_output(n, reader, out); }},
                    {"format", [&](const Node& n) {
                         reader.choice<AccessLog::Format>(n, "format", out.format,
                                                          {{"combined", AccessLog::Format::combined}, {"json", AccessLog::Format::json}});
                     }}});
}

void read_journal(const Node& node, Reader& reader, Journal& out) {
    constexpr std::uint32_t entries_min = 100, entries_max = 1'000'000;
    constexpr Bytes file_min{64ULL << 10}, file_max{1ULL << 30};
    const auto file = [&](const Node& n) {
        const auto text = reader.text(n);
        if (word(n, "off")) {
            out.path.clear();
        } else if (text && (!text->starts_with('/') || text->ends_with('/'))) {
            reader.problem(n, "E0107", Reader::shown(n, *text) + " is not a place for the journal", {"write off or an absolute path"});
        } else if (text) {
            out.path = *text;
        }
    };
    out.origin = reader.origin(node);
    reader.map(node, "`journal`",
               Keys{reader.count("entries", out.entries, entries_min, entries_max),
                    {"file", file},
                    reader.size("file_size", out.file_size, file_min, file_max)});
}

void read_log(const Node& node, Reader& reader, Log& out) {
    const auto level = [&](const Node& n) {
        reader.choice<Log::Level>(
            n, "level", out.level,
            {{"debug", Log::Level::debug}, {"info", Log::Level::info}, {"warning", Log::Level::warning}, {"error", Log::Level::error}});
    };
    if (node.kind == Node::Kind::scalar) {
        level(node);
    } else {
        reader.map(node, "`log`", Keys{{"level", level}});
    }
}

void read_header_policy(const Node& node, Reader& reader, Headers& out) {
    reader.map(node, "`headers`",
               Keys{reader.field("reason", out.reason),
                    reader.field("forwarded", out.forwarded),
                    {"via", [&](const Node& n) {
                         const auto via = reader.text(n);
                         if (via && !http_token(*via)) {
                             reader.problem(n, "E0119", Reader::shown(n, *via) + " is not a name for Via",
                                            {"letters, digits and hyphens (RFC 9110 section 7.6.3)"});
                         } else if (via) {
                             out.via = *via;
                         }
                     }}});
}

void read_path_policy(const Node& node, Reader& reader, Paths& out) {
    reader.map(node, "`path`", Keys{{"encoded_slash", [&](const Node& n) {
                                         reader.choice<Paths::EncodedSlash>(
                                             n, "treatment of `%2F` and `%5C`", out.encoded_slash,
                                             {{"forward", Paths::EncodedSlash::forward}, {"reject", Paths::EncodedSlash::reject}});
                                     }}});
}

void read_version(const Node& node, Reader& reader) {
    if (!word(node, "1")) {
        reader.problem(node, "E0107", "this is not a version of the configuration that is known here", {"expected: 1"});
    }
}

}  // namespace

void read_chunked(const Node& node, Reader& reader, ChunkedLimits& out) {
    reader.map(node, "`chunked`",
               {reader.size("max_trailers", out.max_trailers, Bytes{0}, Bytes{64U << 10U}),
                reader.count("max_trailer_count", out.max_trailer_count, 0, 256),
                reader.size("max_extension", out.max_extension, Bytes{0}, Bytes{64U << 10U}),
                reader.size("max_extensions", out.max_extensions, Bytes{0}, Bytes{1U << 20U})});
}

void read_count_or(std::string_view none, const Node& node, Reader& reader, std::uint32_t& out) {
    if (word(node, none)) {
        out = 0;
        return;
    }
    reader.parsed(node, "E0112", out, [none](std::string_view text) -> Result<std::uint32_t> {
        const auto number = parse_unsigned(text, 1U << 24U);
        if (!number || *number == 0) {
            return failure("`" + printable(text) + "` is not a count", {}, "write " + std::string(none) + " or a number above 0");
        }
        return static_cast<std::uint32_t>(*number);
    });
}

void read_time_or(std::string_view none, const Node& node, Reader& reader, Duration& out) {
    if (word(node, none)) {
        out = Duration::zero();
    } else {
        reader.read(node, out);
    }
}

Config read_config(const Node* root, Reader& reader) {
    Config out;
    out.admin = default_admin(reader.files());
    if (root == nullptr || root->kind == Node::Kind::null) {
        return out;
    }
    std::vector<Cidr> trusted;
    const Node* listen = nullptr;
    const Node* listeners = nullptr;
    reader.map(*root, "the configuration",
               Keys{{"version", [&](const Node& n) { read_version(n, reader); }},
                    {"listen", [&](const Node& n) { listen = &n; }},
                    {"listeners", [&](const Node& n) { listeners = &n; }},
                    {"process", [&](const Node& n) { read_process(n, reader, out.process); }},
                    {"discovery",
                     [&](const Node& n) {
                         const auto problems = reader.problem_count();
                         read_discovery(n, reader, out.discovery);
                         if (reader.problem_count() != problems) {
                             reader.mark("discovery.incomplete", n);
                         }
                     }},
                    {"services", [&](const Node& n) { read_services(n, reader, out.services); }},
                    {"routes", [&](const Node& n) { read_routes(n, reader, out.routes); }},
                    {"health", [&](const Node& n) { read_probing(n, reader, out.health); }},
                    reader.list("trusted_proxies", trusted),
                    {"headers", [&](const Node& n) { read_header_policy(n, reader, out.headers); }},
                    {"path", [&](const Node& n) { read_path_policy(n, reader, out.path); }},
                    {"admin", [&](const Node& n) { read_admin(n, reader, out.admin); }},
                    {"access_log", [&](const Node& n) { read_access_log(n, reader, out.access_log); }},
                    {"journal", [&](const Node& n) { read_journal(n, reader, out.journal); }},
                    {"log", [&](const Node& n) { read_log(n, reader, out.log); }}},
               {"include", "tls", "acme", "tracing", "filters", "upstreams", "cache", "limits", "stream"});
    if (listen != nullptr && listeners != nullptr) {
        reader.problem(*listen, "E0120", "`listen` and `listeners` both stand here",
                       {"`listen: ADDRESS` is short for one of the `listeners:`, keep one of them"});
    } else if (listen != nullptr) {
        read_listen(*listen, reader, out.listeners);
    } else if (listeners != nullptr) {
        read_listeners(*listeners, reader, out.listeners);
    }
    if (out.listeners.empty() && !trusted.empty()) {
        out.listeners.push_back(default_listener());
    }
    for (auto& listener : out.listeners) {
        listener.trusted_proxies.insert(listener.trusted_proxies.end(), trusted.begin(), trusted.end());
    }
    return out;
}

}  // namespace cardea::config
