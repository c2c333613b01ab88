#include "config/read_config.hpp"

#include <limits>

namespace cardea::config {

namespace {

void read_listener_address(const Node& node, Reader& reader, Listener& out) {
    if (reader.parsed(node, "E0113", out.address, parse_listen_address)) {
        reader.mark("listeners." + out.name + ".address", node);
    }
}

/// A size, or `unlimited`.
void read_limit(const Node& node, Reader& reader, Bytes& out) {
    if (node.kind == Node::Kind::scalar && node.text == "unlimited") {
        out = Bytes{std::numeric_limits<std::uint64_t>::max()};
    } else {
        reader.read(node, out);
    }
}

/// Bytes a second, or `off`.
void read_rate(const Node& node, Reader& reader, Bytes& out) {
    if (node.kind == Node::Kind::scalar && node.text == "off") {
        out = Bytes{0};
    } else {
        reader.size("min_rate", out, Bytes{1}, Bytes{1ULL << 30U}).read(node);
    }
}

void read_client(const Node& node, Reader& reader, ClientLimits& out) {
    reader.map(node, "`client`",
               {reader.positive("header_timeout", out.header_timeout),
                reader.positive("first_byte_timeout", out.first_byte_timeout),
                reader.positive("idle_timeout", out.idle_timeout),
                reader.positive("body_timeout", out.body_timeout),
                reader.positive("write_timeout", out.write_timeout),
                reader.positive("half_close_timeout", out.half_close_timeout),
                reader.positive("linger_time", out.linger_time),
                reader.size("linger_bytes", out.linger_bytes, Bytes{0}, Bytes{1ULL << 30U}),
                reader.size("max_request_line", out.max_request_line, Bytes{1024}, Bytes{1U << 20U}),
                reader.size("max_headers", out.max_headers, Bytes{1024}, most_head_bytes),
                reader.size("max_header_line", out.max_header_line, Bytes{256}, Bytes{1U << 20U}),
                reader.count("max_header_count", out.max_header_count, 1, 256),
                {"chunked", [&](const Node& n) { read_chunked(n, reader, out.chunked); }},
                {"max_body", [&](const Node& n) { read_limit(n, reader, out.max_body); }},
                {"min_rate", [&](const Node& n) { read_rate(n, reader, out.min_rate); }},
                reader.positive("body_grace", out.body_grace),
                reader.positive("write_grace", out.write_grace),
                {"max_connections", [&](const Node& n) { read_count_or("unlimited", n, reader, out.max_connections); }},
                {"requests_per_connection", [&](const Node& n) { read_count_or("unlimited", n, reader, out.requests_per_connection); }},
                {"connection_age", [&](const Node& n) { read_time_or("unlimited", n, reader, out.connection_age); }}});
}

void read_listener(const Node& node, Reader& reader, Listener& out) {
    bool addressed = false;
    reader.map(node, "the listener `" + out.name + "`",
               {{"address",
                 [&](const Node& n) {
                     addressed = true;
                     read_listener_address(n, reader, out);
                 }},
                {"client", [&](const Node& n) { read_client(n, reader, out.client); }},
                reader.list("trusted_proxies", out.trusted_proxies)},
               {"tls", "protocols", "proxy_protocol", "http2", "http3"});
    if (!addressed) {
        reader.problem(node, "E0109", "the listener `" + out.name + "` has no address", {"write `address: :8000`"});
    }
}

}  // namespace

void read_listen(const Node& node, Reader& reader, std::vector<Listener>& out) {
    reader.each(node, [&](const Node& item) {
        Listener listener;
        listener.name = out.empty() ? "web" : "web-" + std::to_string(out.size() + 1);
        listener.origin = reader.origin(item);
        read_listener_address(item, reader, listener);
        out.push_back(std::move(listener));
    });
}

void read_listeners(const Node& node, Reader& reader, std::vector<Listener>& out) {
    reader.named(node, "`listeners`", [&](const Node& name, const Node& value) {
        Listener listener;
        listener.name = name.text;
        listener.origin = reader.origin(name);
        if (value.kind == Node::Kind::scalar) {
            read_listener_address(value, reader, listener);
        } else {
            read_listener(value, reader, listener);
        }
        out.push_back(std::move(listener));
    });
}

}  // namespace cardea::config
