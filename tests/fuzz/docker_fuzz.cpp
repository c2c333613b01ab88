// What a Docker engine, or whoever may start containers on it, can send: the event stream cut anywhere gives the same objects;
// answers of any form are read or refused; labels make routes to their own service only, and read the same again.
#include "discovery/docker/event_stream.hpp"
#include "discovery/docker/facts.hpp"
#include "discovery/docker/parse_event.hpp"
#include "discovery/docker/requests.hpp"
#include "tests/fuzz/reference_reader.hpp"

#include <algorithm>

namespace {

using namespace cardea;
using fuzz::require;

void read_stream(std::string_view input, std::size_t cut) {
    docker::EventStream whole(4096);
    docker::EventStream pieces(4096);
    const auto objects = whole.feed(input);
    std::vector<std::string> out;
    for (std::size_t at = 0; at < input.size(); at += cut) {
        for (auto& object : pieces.feed(input.substr(at, cut))) {
            out.push_back(std::move(object));
        }
    }
    require(out == objects && whole.lost() == pieces.lost(), "reads mean nothing");
    for (const auto& object : objects) {
        require(object.size() <= 4096 && object.front() == '{', "objects begin as objects and are bounded");
        if (const auto event = docker::parse_event(object)) {
            require(event->happened == docker::Happened::other || !event->container.empty(), "an event that counts names its container");
        }
    }
}

void read_labels(const config::Labels& labels) {
    const auto own = config::own_labels(labels);
    const auto routes = config::label_routes("mine", own.routes);
    for (const auto& route : routes) {
        require(std::get<config::ToService>(route.action).service == "mine", "a label leads to its own service");
        require(!route.match.hosts.empty() || !route.match.paths.empty() || !route.match.methods.empty(), "a route has a condition");
    }
    require(config::own_labels(labels).routes == own.routes, "the same again");
}

void read_answer(std::string_view input) {
    if (const auto container = docker::parse_container(input)) {
        require(std::is_sorted(container->ports.begin(), container->ports.end(),
                               [](const auto& a, const auto& b) { return a.number < b.number; }),
                "ports are sorted");
        config::DockerSource source;
        source.expose = config::Expose::all;
        source.endpoint = *config::parse_address("unix:/s");
        const docker::Engine engine{"docker:f", "h", docker::make_vantage(source, {*config::parse_ip("127.0.0.1")}), source.expose};
        for (const auto& fact : docker::read_container(engine, *container, *container).facts) {
            require(!fact.addresses.empty() && config::usable_service_name(fact.service), "a fact can be dialled and named");
        }
        read_labels(container->labels);
    }
    static_cast<void>(docker::parse_list(input));
    static_cast<void>(docker::parse_host_name(input));
    static_cast<void>(docker::refusal("GET /", 500, input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::string_view input{reinterpret_cast<const char*>(bytes) + 1, size - 1};
    read_stream(input, 1U + bytes[0]);
    read_answer(input);
    config::Labels labels;  // lines of `key=value`
    for (std::size_t at = 0; at < input.size();) {
        const auto end = std::min(input.find('\n', at), input.size());
        const auto line = input.substr(at, end - at);
        const auto equals = std::min(line.find('='), line.size());
        labels.emplace(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
        at = end + 1;
    }
    read_labels(labels);
    static_cast<void>(config::registrator_keys({std::string(input)}, labels, 80));
    return 0;
}
