// Labels and SERVICE_* variables of one container: lines `KEY=VALUE`; those that begin with `!` go to the environment. They
// speak of their own service only, whatever they hold.
#include "config/labels.hpp"
#include "config/text.hpp"
#include "discovery/file/lines.hpp"
#include "tests/fuzz/reference_reader.hpp"

namespace {

using namespace cardea;
using fuzz::require;

void check_routes(const config::Labels& labels) {
    for (const auto& route : config::label_routes("mine", labels)) {
        const auto* service = std::get_if<config::ToService>(&route.action);
        require(service != nullptr && service->service == "mine", "a label routes to its own service");
        require(route.request_headers == config::HeaderEdits{} && route.response_headers == config::HeaderEdits{}, "and edits no header");
        for (const auto& method : route.match.methods) {
            require(config::http_token(method), "a method is a token");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    config::Labels labels;
    std::vector<std::string> environment;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const auto equals = line.find('=');
        if (line.starts_with('!')) {
            environment.emplace_back(line.substr(1));
        } else if (equals != std::string_view::npos) {
            labels.emplace(line.substr(0, equals), line.substr(equals + 1));
        }
    }
    const auto own = config::own_labels(labels);
    require(own.service.empty() || config::usable_service_name(own.service), "a service has a usable name");
    check_routes(own.routes);
    check_routes(labels);
    for (const std::uint16_t port : {0, 80, 8080}) {
        (void)config::registrator_keys(environment, labels, port);
    }
    for (const auto& tag : config::split_tags(text)) {
        require(!tag.empty(), "an empty tag is none");
    }
    (void)config::image_service_name(text);
    for (const auto& endpoint : file::read_lines("fuzz", text).endpoints) {
        require(endpoint.address.kind == config::Address::Kind::unix_path || endpoint.address.port != 0, "an endpoint has a port");
    }
    return 0;
}
