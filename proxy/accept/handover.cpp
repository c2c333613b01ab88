#include "proxy/accept/handover.hpp"

#include "config/json.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cardea::accept {

namespace {

using Kind = HandoverMessage::Kind;
using Use = HandoverSocket::Use;

constexpr std::array<std::pair<Kind, std::string_view>, 4> kind_words{
    {{Kind::offer, "offer"}, {Kind::ready, "ready"}, {Kind::failed, "failed"}, {Kind::go, "go"}}};
constexpr std::array<std::pair<Use, std::string_view>, 2> use_words{{{Use::listener, "listener"}, {Use::admin, "admin"}}};
constexpr std::size_t handover_items_max = 10'000;
constexpr std::size_t handover_text_max = 4096;  // of one name, address or reason

template <typename Words, typename Value>
std::string_view word_of(const Words& words, Value value) {
    return std::ranges::find(words, value, [](const auto& one) { return one.first; })->second;
}

template <typename Words>
auto value_of(const Words& words, config::json::Value value) {
    const auto found = std::ranges::find(words, value.string_or(""), [](const auto& one) { return one.second; });
    return found == words.end() ? std::nullopt : std::optional(found->first);
}

std::optional<std::string> text_in(config::json::Value value) {
    const auto text = value.as_string();
    return text && text->size() <= handover_text_max ? std::optional<std::string>(*text) : std::nullopt;
}

/// Every element through `read`, or nothing: an entry that cannot be used makes the whole list unusable.
template <typename Item, typename Read>
bool read_list(config::json::Value value, std::vector<Item>& out, const Read& read) {
    if (value.type() != config::json::Type::array || value.size() > handover_items_max) {
        return false;
    }
    for (const config::json::Value element : value.elements()) {
        std::optional<Item> item = read(element);
        if (!item) {
            return false;
        }
        out.push_back(std::move(*item));
    }
    return true;
}

std::optional<HandoverSocket> read_socket(config::json::Value value) {
    const auto id = value["id"].as_uint64();
    const auto use = value_of(use_words, value["use"]);
    const auto name = text_in(value["name"]);
    const auto address = text_in(value["address"]);
    const auto foreign = value["foreign"].as_bool();
    if (!id || !use || !name || !address || !foreign) {
        return std::nullopt;
    }
    auto configured = config::parse_listen_address(*address);
    if (!configured) {
        return std::nullopt;
    }
    return HandoverSocket{*id, *use, *name, std::move(*configured), *foreign};
}

std::optional<HandoverService> read_service(config::json::Value value) {
    const auto name = text_in(value["name"]);
    const auto eligible = value["eligible"].as_uint64();
    return name && eligible ? std::optional(HandoverService{*name, *eligible}) : std::nullopt;
}

std::optional<HandoverDrain> read_drain(config::json::Value value) {
    const auto service = text_in(value["service"]);
    const auto endpoint = text_in(value["endpoint"]);
    const auto since = value["since"].as_int64();
    HandoverDrain drain;
    if (!service || !endpoint || !since || !read_list(value["instances"], drain.instances, text_in)) {
        return std::nullopt;
    }
    drain.service = *service;
    drain.endpoint = *endpoint;
    drain.since = *since;
    return drain;
}

void write_offer(const HandoverMessage& message, config::json::Writer& writer) {
    writer.member("last", message.last).key("sockets").begin_array();
    for (const auto& socket : message.sockets) {
        writer.begin_object().member("id", socket.id).member("use", word_of(use_words, socket.use)).member("name", socket.name);
        writer.member("address", config::to_string(socket.configured)).member("foreign", socket.foreign).end_object();
    }
    writer.end_array().key("sources").begin_array();
    for (const auto& source : message.sources) {
        writer.value(source);
    }
    writer.end_array().key("services").begin_array();
    for (const auto& service : message.services) {
        writer.begin_object().member("name", service.name).member("eligible", service.eligible).end_object();
    }
    writer.end_array().key("drains").begin_array();
    for (const auto& drain : message.drains) {
        writer.begin_object().member("service", drain.service).member("endpoint", drain.endpoint).member("since", drain.since);
        writer.key("instances").begin_array();
        for (const auto& instance : drain.instances) {
            writer.value(instance);
        }
        writer.end_array().end_object();
    }
    writer.end_array();
}

bool read_offer(config::json::Value root, HandoverMessage& out) {
    const auto last = root["last"].as_bool();
    out.last = last.value_or(false);
    return last && read_list(root["sockets"], out.sockets, read_socket) && read_list(root["sources"], out.sources, text_in) &&
           read_list(root["services"], out.services, read_service) &&
           (!root["drains"].exists() || read_list(root["drains"], out.drains, read_drain));
}

}  // namespace

std::string to_text(const HandoverMessage& message) {
    std::string text;
    config::json::Writer writer(text);
    writer.begin_object().member("cardea_handover", handover_version).member("kind", word_of(kind_words, message.kind));
    if (message.kind == Kind::offer) {
        write_offer(message, writer);
    } else if (message.kind == Kind::ready) {
        writer.key("claimed").begin_array();
        for (const std::uint64_t id : message.claimed) {
            writer.value(id);
        }
        writer.end_array();
    } else if (message.kind == Kind::failed) {
        writer.member("why", message.why.substr(0, handover_text_max));
    }
    writer.end_object();
    return text;
}

config::Result<HandoverMessage> parse_handover(std::string_view text) {
    const auto document = config::json::parse(text, {.max_bytes = std::size_t{64} * 1024, .max_depth = 8});
    if (!document) {
        return config::failure("not a message of a hand-over: " + document.error().what);
    }
    const config::json::Value root = document->root();
    const auto version = root["cardea_handover"].as_uint64();
    if (!version) {
        return config::failure("not a message of a hand-over");
    }
    if (*version != handover_version) {
        return config::failure("the other process speaks version " + std::to_string(*version) + " of the hand-over, this one version " +
                               std::to_string(handover_version));
    }
    const auto kind = value_of(kind_words, root["kind"]);
    if (!kind) {
        return config::failure("a message of the hand-over of an unknown kind");
    }
    HandoverMessage message;
    message.kind = *kind;
    bool whole = true;
    if (*kind == Kind::offer) {
        whole = read_offer(root, message);
    } else if (*kind == Kind::ready) {
        whole = read_list(root["claimed"], message.claimed, [](config::json::Value id) { return id.as_uint64(); });
    } else if (*kind == Kind::failed) {
        const auto why = text_in(root["why"]);
        whole = why.has_value();
        message.why = why.value_or("");
    }
    if (!whole) {
        return config::failure("a message of the hand-over with parts missing or wrong");
    }
    return message;
}

}  // namespace cardea::accept
