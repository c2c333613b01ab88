#include "config/endpoint_text.hpp"

#include "config/text.hpp"

#include <algorithm>

namespace cardea::config {

namespace {

constexpr std::uint64_t heaviest = 65535;

/// `SOURCE/SERVICE` in front of the parameters.
struct Reference {
    std::string source, service;
    std::string_view parameters;
};

Result<Reference> parse_reference(std::string_view scheme, std::string_view text) {
    const auto quoted = "`" + std::string(scheme) + printable(text) + "`";
    const auto hint = "write " + std::string(scheme) + "SOURCE/SERVICE, or " + std::string(scheme) + "/SERVICE for every source";
    const auto mark = text.find('?');
    const auto path = text.substr(0, mark);
    const auto slash = path.find('/');
    if (slash == std::string_view::npos || path.find('/', slash + 1) != std::string_view::npos) {
        return failure(quoted + " does not name a source and a service", {}, hint);
    }
    const auto source = percent_decode(path.substr(0, slash));
    const auto service = percent_decode(path.substr(slash + 1));
    if (!source || !service || service->empty()) {
        return failure(quoted + (service && service->empty() ? " names no service" : " has a `%` without two hexadecimal digits"), {},
                       hint);
    }
    return Reference{*source, *service, mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1)};
}

Result<EndpointRef> parse_consul_reference(std::string_view text) {
    const auto reference = parse_reference("consul://", text);
    if (!reference) {
        return tl::unexpected<Error>(reference.error());
    }
    ConsulRef ref{.source = reference->source, .service = reference->service};
    for (auto rest = reference->parameters; !rest.empty();) {
        const auto part = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        const auto equals = part.find('=');
        const auto name = part.substr(0, equals);
        auto value = percent_decode(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1));
        if (!value || value->empty()) {
            return failure("the parameter `" + printable(part) + "` has no usable value", {}, "write ?tag=VALUE, joined by &");
        }
        if (name == "tag") {
            ref.tags.push_back(std::move(*value));
        } else if (name == "dc") {
            ref.datacenter = std::move(*value);
        } else if (name == "filter") {
            ref.filter = std::move(*value);
        } else {
            return failure("unknown parameter `" + printable(name) + "`", {}, "expected: tag, dc, filter");
        }
    }
    return ref;
}

Result<EndpointRef> parse_docker_reference(std::string_view text) {
    auto reference = parse_reference("docker://", text);
    if (!reference) {
        return tl::unexpected<Error>(reference.error());
    }
    if (!reference->parameters.empty()) {
        return failure("docker:// takes no parameters", {}, "choose containers by the labels that name their service");
    }
    return DockerRef{.source = std::move(reference->source), .service = std::move(reference->service)};
}

Result<AgentAddress> parse_with_scheme(std::string_view text, std::initializer_list<std::pair<std::string_view, bool>> schemes,
                                       std::string_view example) {
    AgentAddress out;
    if (text.starts_with("unix://")) {
        text.remove_prefix(7);
        const auto address = parse_address("unix:" + std::string(text));
        return address.map([](const Address& a) { return AgentAddress{a, false}; });
    }
    for (const auto& [scheme, tls] : schemes) {
        if (text.starts_with(scheme)) {
            text.remove_prefix(scheme.size());
            out.tls = tls;
            break;
        }
    }
    if (text.ends_with('/')) {
        text.remove_suffix(1);
    }
    const auto address = parse_address(text);
    if (!address) {
        return failure(address.error().what, {}, "write it as " + std::string(example));
    }
    out.address = *address;
    return out;
}

}  // namespace

Result<StaticEndpoint> parse_static_endpoint(std::string_view text) {
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    auto address = parse_address(text.substr(0, end));
    if (!address) {
        return tl::unexpected<Error>(address.error());
    }
    StaticEndpoint endpoint{.address = std::move(*address)};
    const auto option = trim(text.substr(end));
    if (option.empty()) {
        return endpoint;
    }
    constexpr std::string_view weight = "weight=";
    const auto number = option.starts_with(weight) ? parse_unsigned(option.substr(weight.size()), heaviest) : parse_unsigned("", 0);
    if (!number) {
        return failure("`" + printable(option) + "` behind an address is not understood", {},
                       "write ADDRESS weight=N with N from 0 to 65535");
    }
    endpoint.weight = static_cast<std::uint32_t>(*number);
    return endpoint;
}

Result<EndpointRef> parse_endpoint(std::string_view text) {
    constexpr std::string_view consul = "consul://";
    constexpr std::string_view docker = "docker://";
    constexpr std::string_view file = "file://";
    if (text.starts_with(consul)) {
        return parse_consul_reference(text.substr(consul.size()));
    }
    if (text.starts_with(docker)) {
        return parse_docker_reference(text.substr(docker.size()));
    }
    if (text.starts_with(file)) {
        const auto path = text.substr(file.size());
        if (!path.starts_with('/') || path.ends_with('/')) {
            return failure("`" + printable(text) + "` does not name a file", {},
                           "write an absolute path, as in file:///etc/cardea/web.endpoints");
        }
        return FileRef{std::string(path)};
    }
    if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
        return failure("`" + printable(text.substr(0, scheme)) + "://` is not a kind of endpoint", {},
                       "expected: HOST:PORT, [IPV6]:PORT, unix:/path, consul://, docker://, file:///path");
    }
    auto endpoint = parse_static_endpoint(text);
    if (!endpoint) {
        return tl::unexpected<Error>(endpoint.error());
    }
    return std::move(*endpoint);
}

std::string to_string(const EndpointRef& endpoint) {
    if (const auto* fixed = std::get_if<StaticEndpoint>(&endpoint)) {
        return to_string(fixed->address) + (fixed->weight == 1 ? "" : " weight=" + std::to_string(fixed->weight));
    }
    if (const auto* docker = std::get_if<DockerRef>(&endpoint)) {
        return "docker://" + percent_encode(docker->source) + "/" + percent_encode(docker->service);
    }
    if (const auto* file = std::get_if<FileRef>(&endpoint)) {
        return "file://" + file->path;
    }
    const auto& consul = std::get<ConsulRef>(endpoint);
    std::string out = "consul://" + percent_encode(consul.source) + "/" + percent_encode(consul.service);
    char separator = '?';
    const auto add = [&out, &separator](std::string_view name, const std::string& value) {
        out += separator + std::string(name) + "=" + percent_encode(value);
        separator = '&';
    };
    for (const auto& tag : consul.tags) {
        add("tag", tag);
    }
    if (!consul.datacenter.empty()) {
        add("dc", consul.datacenter);
    }
    if (!consul.filter.empty()) {
        add("filter", consul.filter);
    }
    return out;
}

Result<AgentAddress> parse_agent_address(std::string_view text) {
    return parse_with_scheme(text, {{"http://", false}, {"https://", true}},
                             "10.0.0.1:8500, https://consul.internal:8501 or unix:/run/consul.sock");
}

Result<AgentAddress> parse_engine_address(std::string_view text) {
    return parse_with_scheme(text, {{"tcp://", false}, {"http://", false}, {"https://", true}},
                             "unix:///var/run/docker.sock or tcp://10.0.0.2:2375");
}

}  // namespace cardea::config
