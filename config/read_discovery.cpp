#include "config/endpoint_text.hpp"
#include "config/read_config.hpp"

#include <algorithm>

namespace cardea::config {

namespace {

void read_tls(const Node& node, Reader& reader, TlsClient& out) {
    out.enabled = true;
    if (node.kind == Node::Kind::scalar) {
        reader.read(node, out.enabled);
        return;
    }
    reader.map(node, "`tls`",
               {reader.field("ca", out.ca), reader.field("cert", out.cert), reader.field("key", out.key),
                reader.field("server_name", out.server_name), reader.field("verify", out.verify)});
    if (out.cert.empty() != out.key.empty()) {
        reader.problem(node, "E0109", "a certificate and its key come together", {"give both `cert` and `key`, or none of them"});
    }
}

void read_agents(const Node& node, Reader& reader, ConsulSource& out) {
    reader.each(node, [&](const Node& item) {
        AgentAddress agent;
        if (reader.parsed(item, "E0113", agent, parse_agent_address)) {
            out.addresses.push_back(agent.address);
            out.tls.enabled = out.tls.enabled || agent.tls;
        }
    });
}

void read_consul_source(const Node& node, Reader& reader, ConsulSource& out) {
    if (node.kind != Node::Kind::map) {
        read_agents(node, reader, out);
        return;
    }
    const auto known = [&](const Node& n) { read_agents(n, reader, out); };
    bool addressed = false;
    const auto address = [&](const Node& n) {
        addressed = true;
        known(n);
    };
    reader.map(node, "the Consul source `" + out.name + "`",
               {{"address", address},
                {"addresses", address},
                reader.field("datacenter", out.datacenter),
                reader.field("token", out.token),
                reader.field("token_file", out.token_file),
                {"tls", [&](const Node& n) { read_tls(n, reader, out.tls); }},
                reader.positive("wait", out.wait),
                {"consistency",
                 [&](const Node& n) { reader.choice<bool>(n, "consistency", out.stale_reads, {{"stale", true}, {"default", false}}); }},
                reader.count("max_connections", out.max_connections, 1, 10'000),
                reader.field("allow_warning", out.allow_warning)},
               {"accept", "route_tags", "namespace", "partition", "address_from", "near", "passing"});
    if (!addressed) {
        reader.problem(node, "E0109", "the Consul source `" + out.name + "` has no address", {"write `address: 10.0.0.1:8500`"});
    }
    if (!out.token.empty() && !out.token_file.empty()) {
        reader.problem(node, "E0120", "`token` and `token_file` both stand here", {"keep one of them"});
    }
}

void read_docker_endpoint(const Node& node, Reader& reader, DockerSource& out) {
    AgentAddress engine;
    if (reader.parsed(node, "E0113", engine, parse_engine_address)) {
        out.endpoint = engine.address;
        out.tls.enabled = out.tls.enabled || engine.tls;
    }
}

void read_docker_source(const Node& node, Reader& reader, DockerSource& out) {
    if (node.kind != Node::Kind::map) {
        read_docker_endpoint(node, reader, out);
        return;
    }
    bool addressed = false;
    reader.map(
        node, "the Docker source `" + out.name + "`",
        {{"endpoint",
          [&](const Node& n) {
              addressed = true;
              read_docker_endpoint(n, reader, out);
          }},
         {"tls", [&](const Node& n) { read_tls(n, reader, out.tls); }},
         {"address",
          [&](const Node& n) {
              reader.choice<DockerAddress>(
                  n, "kind of address", out.address,
                  {{"auto", DockerAddress::automatic}, {"published", DockerAddress::published}, {"container", DockerAddress::container}});
          }},
         reader.list("host_ip", out.host_ip),
         {"expose",
          [&](const Node& n) {
              reader.choice<Expose>(n, "value of `expose`", out.expose,
                                    {{"published", Expose::published}, {"labelled", Expose::labelled}, {"all", Expose::all}});
          }},
         reader.list("networks", out.networks)},
        {"labels", "swarm"});
    if (!addressed) {
        reader.problem(node, "E0109", "the Docker source `" + out.name + "` has no endpoint",
                       {"write `endpoint: unix:///var/run/docker.sock`"});
    }
}

/// `consul: {address: ...}` is one source without a name; `consul: {main: {...}}` are named ones.
bool is_single_source(const Node& node, std::string_view address_key) {
    return node.kind != Node::Kind::map || std::any_of(node.entries.begin(), node.entries.end(), [address_key](const Node::Entry& entry) {
               return entry.value->kind != Node::Kind::map && (entry.key->text == address_key || entry.key->text == "addresses");
           });
}

template <typename Source, typename Read>
void read_sources(const Node& node, Reader& reader, std::string_view kind, std::string_view address_key, std::vector<Source>& out,
                  const Read& read) {
    const auto add = [&](const std::string& name, const Node& at, const Node& value) {
        Source source;
        source.name = name;
        source.origin = reader.origin(at);
        read(value, reader, source);
        reader.mark(std::string(kind) + "." + name, value);
        out.push_back(std::move(source));
    };
    if (is_single_source(node, address_key)) {
        add(std::string(kind), node, node);
    } else {
        reader.named(node, "`" + std::string(kind) + "`", [&](const Node& name, const Node& value) { add(name.text, name, value); });
    }
}

void read_debounce(const Node& node, Reader& reader, Discovery& out) {
    reader.map(node, "`debounce`", {reader.field("quiet", out.debounce_quiet), reader.field("max", out.debounce_max)});
    if (out.debounce_quiet > out.debounce_max) {
        reader.problem(node, "E0210", "`quiet` is longer than `max`, which is " + to_string(out.debounce_max),
                       {"make `max` the longer one"});
    }
}

}  // namespace

void read_discovery(const Node& node, Reader& reader, Discovery& out) {
    reader.map(node, "`discovery`",
               {{"consul", [&](const Node& n) { read_sources(n, reader, "consul", "address", out.consul, read_consul_source); }},
                {"docker", [&](const Node& n) { read_sources(n, reader, "docker", "endpoint", out.docker, read_docker_source); }},
                reader.list("allow", out.allow),
                reader.list("deny", out.deny),
                {"debounce", [&](const Node& n) { read_debounce(n, reader, out); }},
                reader.size("max_answer", out.max_answer, Bytes{64ULL << 10}, Discovery::most_answer),
                reader.count("max_service_endpoints", out.max_service_endpoints, 1, 1'000'000),
                reader.count("max_endpoints", out.max_endpoints, 1, 1'000'000)},
               {"etcd", "zookeeper", "zk", "dns", "nacos", "kubernetes", "agents", "on_source_loss", "registrar"});
}

}  // namespace cardea::config
