#include "config/endpoint_text.hpp"
#include "config/read_config.hpp"
#include "config/text.hpp"

#include <algorithm>

namespace cardea::config {

namespace {

void read_endpoint_map(const Node& node, Reader& reader, std::vector<EndpointRef>& out) {
    StaticEndpoint endpoint;
    bool addressed = false;
    std::uint16_t weight = 1;
    reader.map(node, "an endpoint",
               {{"address", [&](const Node& n) { addressed = reader.parsed(n, "E0116", endpoint.address, parse_address); }},
                {"weight", [&](const Node& n) { reader.number(n, weight, 0, 65535, "a weight"); }}},
               {"backup", "zone", "tls"});
    endpoint.weight = weight;
    if (addressed) {
        out.emplace_back(endpoint);
    } else if (std::none_of(node.entries.begin(), node.entries.end(), [](const Node::Entry& e) { return e.key->text == "address"; })) {
        reader.problem(node, "E0109", "an endpoint without an address",
                       {"write `{address: 10.0.0.5:8080, weight: 2}` or `10.0.0.5:8080 weight=2`"});
    }
}

void read_endpoints(const Node& node, Reader& reader, Service& out) {
    constexpr std::size_t most_endpoints = 10'000;
    if (node.items.size() > most_endpoints) {
        reader.problem(node, "E0103", "the service `" + out.name + "` has more than " + std::to_string(most_endpoints) + " endpoints",
                       {"put them behind several services"});
        return;
    }
    reader.each(node, [&](const Node& item) {
        const auto path = "services." + out.name + ".endpoints." + std::to_string(out.endpoints.size());
        const auto before = out.endpoints.size();
        EndpointRef endpoint;
        if (item.kind == Node::Kind::map) {
            read_endpoint_map(item, reader, out.endpoints);
        } else if (reader.parsed(item, "E0116", endpoint, parse_endpoint)) {
            out.endpoints.push_back(std::move(endpoint));
        }
        if (out.endpoints.size() != before) {
            reader.mark(path, item);
        }
    });
    if (node.kind == Node::Kind::list && node.items.empty()) {
        reader.problem(node, "E0109", "the service `" + out.name + "` has an empty list of endpoints",
                       {"name one, or leave `endpoints` out: then they are what every source calls `" + out.name + "`"});
    }
}

void read_timeouts(const Node& node, Reader& reader, Timeouts& out) {
    reader.map(node, "`timeouts`",
               {reader.positive("connect", out.connect), reader.positive("first_byte", out.first_byte), reader.positive("idle", out.idle),
                reader.positive("tunnel_idle", out.tunnel_idle), reader.positive("continue", out.expect_continue)},
               {"request"});
}

void read_retry(const Node& node, Reader& reader, Retry& out) {
    if (node.kind == Node::Kind::scalar) {
        reader.choice<std::uint32_t>(node, "word for `retry`", out.attempts, {{"on", out.attempts}, {"off", 1}});
        return;
    }
    Percent budget{out.budget_percent};
    reader.map(node, "`retry`",
               {reader.count("attempts", out.attempts, 1, 100),
                reader.field("non_idempotent", out.non_idempotent),
                {"on_status", [&](const Node& n) { read_statuses(n, reader, 400, 599, out.on_status); }},
                reader.field("on_timeout", out.on_timeout),
                reader.field("budget", budget),
                reader.count("budget_min", out.budget_min, 0, 1'000'000),
                reader.size("body_buffer", out.body_buffer, Bytes{0}, Bytes{64U << 20U})},
               {"on", "backoff", "hedge"});
    out.budget_percent = budget.value;
}

void read_keepalive(const Node& node, Reader& reader, Keepalive& out) {
    if (node.kind == Node::Kind::scalar) {
        reader.choice<std::uint32_t>(node, "word for `keepalive`", out.idle_per_endpoint, {{"on", out.idle_per_endpoint}, {"off", 0}});
        return;
    }
    reader.map(node, "`keepalive`",
               {reader.count("idle_per_endpoint", out.idle_per_endpoint, 0, 100'000), reader.positive("idle_timeout", out.idle_timeout)});
}

void read_queue(const Node& node, Reader& reader, Queue& out) {
    if (node.kind == Node::Kind::scalar) {
        reader.choice<std::uint32_t>(node, "word for `queue`", out.requests, {{"on", out.requests}, {"off", 0}});
        return;
    }
    reader.map(node, "`queue`",
               {reader.positive("time", out.time), reader.count("requests", out.requests, 1, 1'000'000),
                reader.size("bytes", out.bytes, Bytes{1}, Bytes{1ULL << 30U}), reader.positive("grace", out.grace)});
}

void read_response(const Node& node, Reader& reader, ResponseLimits& out) {
    reader.map(node, "`response`",
               {reader.size("max_headers", out.max_headers, Bytes{1024}, most_head_bytes),
                reader.count("max_header_count", out.max_header_count, 1, 256),
                reader.count("max_interim", out.max_interim, 0, 1000),
                {"chunked", [&](const Node& n) { read_chunked(n, reader, out.chunked); }}});
}

void read_service(const Node& node, Reader& reader, Service& out) {
    reader.map(node, "the service `" + printable(out.name) + "`",
               {{"endpoints", [&](const Node& n) { read_endpoints(n, reader, out); }},
                {"balance",
                 [&](const Node& n) {
                     reader.choice<Balance>(n, "balancing method", out.balance,
                                            {{"round_robin", Balance::round_robin},
                                             {"least_request", Balance::least_request},
                                             {"random_of_two", Balance::random_of_two}});
                 }},
                {"slow_start", [&](const Node& n) { read_time_or("off", n, reader, out.slow_start); }},
                {"health",
                 [&](const Node& n) {
                     reader.mark("services." + out.name + ".health", n);
                     read_health(n, reader, out.health);
                 }},
                {"timeouts",
                 [&](const Node& n) {
                     reader.mark("services." + out.name + ".timeouts", n);
                     read_timeouts(n, reader, out.timeouts);
                 }},
                {"retry",
                 [&](const Node& n) {
                     reader.mark("services." + out.name + ".retry", n);
                     read_retry(n, reader, out.retry);
                 }},
                {"keepalive", [&](const Node& n) { read_keepalive(n, reader, out.keepalive); }},
                {"queue",
                 [&](const Node& n) {
                     reader.mark("services." + out.name + ".queue", n);
                     read_queue(n, reader, out.queue);
                 }},
                {"response", [&](const Node& n) { read_response(n, reader, out.response); }},
                {"max_pending", [&](const Node& n) { read_count_or("unlimited", n, reader, out.max_pending); }},
                reader.field("drain", out.drain),
                {"upstream_host", [&](const Node& n) { read_host(n, reader, out.upstream_host); }}},
               {"sticky", "tls", "protocol", "limits", "max_connections", "proxy_protocol", "mirror", "cache"});
}

}  // namespace

void read_statuses(const Node& node, Reader& reader, std::uint16_t min, std::uint16_t max, std::vector<std::uint16_t>& out) {
    reader.each(node, [&](const Node& item) {
        std::uint16_t status = 0;
        reader.number(item, status, min, max, "a status that can stand here");
        if (status != 0) {
            out.push_back(status);
        }
    });
}

void read_host(const Node& node, Reader& reader, std::string& out) {
    reader.parsed(node, "E0113", out, [](std::string_view text) -> Result<std::string> {
        // As in a Host field (RFC 9110 section 7.2): an address with a port is read as it is, one without gets any port.
        const auto with_port = parse_address(text);
        const auto without = parse_address(std::string(text) + ":80");
        if (text.starts_with("unix:") || (!with_port && !without)) {
            return failure("`" + printable(text) + "` is not a host", {},
                           "write it as in a Host field: www.example.com or www.example.com:8080");
        }
        return std::string(text);
    });
}

void read_services(const Node& node, Reader& reader, std::vector<Service>& out) {
    reader.named(node, "`services`", [&](const Node& name, const Node& value) {
        Service service;
        service.name = name.text;
        service.origin = reader.origin(name);
        reader.mark("services." + service.name, name);
        const auto problems = reader.problem_count();
        if (value.kind == Node::Kind::map) {
            read_service(value, reader, service);
        } else {
            read_endpoints(value, reader, service);
        }
        if (reader.problem_count() != problems || value.damaged) {
            reader.mark("services." + service.name + ".incomplete", name);
        }
        out.push_back(std::move(service));
    });
}

}  // namespace cardea::config
