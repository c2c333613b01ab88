#include "discovery/consul/rights.hpp"

#include "config/json.hpp"

#include <string_view>

namespace cardea::consul {

std::string rights_question(const std::string& service, const std::set<std::string>& nodes) {
    std::string out;
    config::json::Writer json(out);
    json.begin_array();
    const auto ask = [&json](std::string_view resource, const std::string& name) {
        json.begin_object().member("Resource", resource).member("Access", "read").member("Segment", name).end_object();
    };
    ask("service", service);
    for (const std::string& node : nodes) {
        ask("node", node);
    }
    json.end_array();
    return out;
}

Rights judge_rights(const discovery::Answered& answer) {
    if (answer.status == 403) {
        return Rights::denied;
    }
    if (answer.status == 401 && answer.body.find("ACL support disabled") != std::string::npos) {
        return Rights::proven;
    }
    if (answer.status != 200) {
        return Rights::silent;
    }
    const auto document = config::json::parse(answer.body);
    if (!document || document->root().size() == 0) {
        return Rights::silent;
    }
    Rights rights = Rights::proven;
    for (const config::json::Value one : document->root().elements()) {
        const auto allowed = one["Allow"].as_bool();
        if (!allowed) {
            return Rights::silent;
        }
        rights = *allowed ? rights : Rights::denied;
    }
    return document->root().type() == config::json::Type::array ? rights : Rights::silent;
}

}  // namespace cardea::consul
