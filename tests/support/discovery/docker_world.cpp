#include "tests/support/discovery/docker_world.hpp"

#include "config/json.hpp"

#include <algorithm>
#include <utility>

namespace cardea::test {
namespace {

using config::json::Writer;

config::IpAddress ip(const char* text) {
    return config::parse_ip(text).value();
}

const discovery::HeaderList docker_headers(const std::string& version) {
    return {{"api-version", version}, {"date", "Sun, 22 Nov 2026 19:49:52 GMT"}, {"server", "Docker/20.10.24 (linux)"}};
}

}  // namespace

std::string container_id(const std::string& name) {
    constexpr char digits[] = "0123456789abcdef";
    std::string id;
    for (const char c : name) {
        id += digits[static_cast<unsigned char>(c) >> 4U];
        id += digits[static_cast<unsigned char>(c) & 15U];
    }
    id.resize(64, '0');
    return id;
}

DockerWorld::DockerWorld(config::DockerSource source, std::vector<config::IpAddress> addresses) : machine_(source, addresses, 7) {}

config::DockerSource DockerWorld::unix_source() {
    config::DockerSource source;
    source.name = "local";
    source.endpoint = config::parse_address("unix:/var/run/docker.sock").value();
    return source;
}

config::DockerSource DockerWorld::tcp_source(const std::string& endpoint) {
    config::DockerSource source;
    source.name = "h2";
    source.endpoint = config::parse_address(endpoint).value();
    return source;
}

std::vector<config::IpAddress> DockerWorld::machine() {
    return {ip("127.0.0.1"), ip("192.0.2.2"), ip("2001:db8::2"), ip("fe80::1")};
}

FakeContainer& DockerWorld::add(FakeContainer container) {
    const std::string name = container.name;
    container.started = static_cast<int>(++clock_ % 1'000'000'000);
    return containers[name] = std::move(container);
}

FakeContainer& DockerWorld::run(FakeContainer container) {
    auto& added = add(std::move(container));
    network_event("connect", added.name);
    emit("start", added.name);
    return added;
}

void DockerWorld::die(const std::string& name) {
    at(name).state = "exited";
    emit("die", name, {{"exitCode", "0"}});
}

void DockerWorld::restart(const std::string& name) {
    at(name).state = "running";
    at(name).started = static_cast<int>(++clock_ % 1'000'000'000);
    emit("start", name);
}

void DockerWorld::emit(const std::string& action, const std::string& name, const std::map<std::string, std::string>& attributes) {
    const auto found = containers.find(name);
    auto all = attributes;
    if (found != containers.end()) {
        for (const auto& [key, value] : found->second.labels) {
            all[key] = value;  // as the daemon does: labels overwrite what the event has to say
        }
    }
    all["image"] = "web:1";
    all["name"] = name;
    std::string out;
    Writer json(out);
    json.begin_object();
    if (!new_shape) {
        json.member("status", action).member("id", container_id(name)).member("from", "web:1");
    }
    json.member("Type", "container").member("Action", action).key("Actor").begin_object().member("ID", container_id(name));
    json.key("Attributes").begin_object();
    for (const auto& [key, value] : all) {
        json.member(key, value);
    }
    json.end_object()
        .end_object()
        .member("scope", "local")
        .member("timeNano", ++clock_)
        .end_object();
    raw(out + "\n");
}

void DockerWorld::network_event(const std::string& action, const std::string& name) {
    std::string out;
    Writer json(out);
    json.begin_object().member("Type", "network").member("Action", action).key("Actor").begin_object().member("ID", "7e8e");
    json.key("Attributes")
        .begin_object()
        .member("container", container_id(name))
        .member("name", "bridge")
        .member("type", "bridge")
        .end_object();
    json.end_object().member("scope", "local").member("timeNano", ++clock_).end_object();
    raw(out + "\n");
}

void DockerWorld::raw(const std::string& bytes) {
    if (emits && stream_ != 0) {
        tell(discovery::StreamData{stream_, bytes});
    }
}

void DockerWorld::end_stream() {
    tell(discovery::StreamEnded{std::exchange(stream_, 0), "connection reset"});
}

void DockerWorld::start() {
    tell(discovery::Started{});
}

void DockerWorld::tell(const discovery::Event& event) {
    perform(machine_.step(event, now));
    settle();
}

void DockerWorld::pass(config::Duration time) {
    const auto end = now + time;
    for (int guard = 0; guard < 10'000; ++guard) {
        auto next = end;
        for (const auto& [ticket, at] : timeouts_) {
            next = std::min(next, at);
        }
        if (wake_) {
            next = std::min(next, *wake_);
        }
        now = std::max(now, next);
        if (const auto late = std::find_if(timeouts_.begin(), timeouts_.end(), [&](const auto& item) { return item.second <= now; });
            late != timeouts_.end()) {
            const auto ticket = late->first;
            timeouts_.erase(late);
            waiting.erase(ticket);
            tell(discovery::Failed{ticket, "timed out"});
        } else if (wake_ && *wake_ <= now) {
            wake_.reset();
            ++wakes;
            tell(discovery::Woken{});
        } else if (now >= end) {
            return;
        }
    }
    throw std::runtime_error("the provider asks to be woken without end");
}

void DockerWorld::perform(discovery::Actions actions) {
    for (auto& action : actions) {
        if (auto* fetch = std::get_if<discovery::Fetch>(&action)) {
            asked.push_back(fetch->target);
            waiting[fetch->ticket] = fetch->target;
            timeouts_[fetch->ticket] = now + fetch->timeout;
            queue_.emplace_back(fetch->ticket, fetch->target);
        } else if (auto* open = std::get_if<discovery::Open>(&action)) {
            asked.push_back(open->target);
            queue_.emplace_back(open->ticket, open->target);
        } else if (auto* cancel = std::get_if<discovery::Cancel>(&action)) {
            waiting.erase(cancel->ticket);
            timeouts_.erase(cancel->ticket);
            std::erase_if(queue_, [&](const auto& item) { return item.first == cancel->ticket; });
            stream_ = cancel->ticket == stream_ ? 0 : stream_;
        } else if (auto* wake = std::get_if<discovery::WakeAt>(&action)) {
            wake_ = wake->when;
        } else if (auto* publish = std::get_if<discovery::Publish>(&action)) {
            published[publish->query] = publish->facts;
            log.push_back(*publish);
        } else if (auto* said = std::get_if<discovery::SourceStatus>(&action)) {
            status = *said;
        }
    }
    most_waiting = std::max(most_waiting, waiting.size());
}

void DockerWorld::release() {
    held.clear();
    settle();
}

/// Answers what is asked, until nothing more is.
void DockerWorld::settle() {
    if (std::exchange(performing_, true)) {
        return;
    }
    for (std::size_t i = 0; i < queue_.size();) {
        const auto [ticket, target] = queue_[i];
        const std::string text = target;
        if (hangs || std::any_of(held.begin(), held.end(), [&](const auto& part) { return text.find(part) != std::string::npos; })) {
            ++i;
            continue;
        }
        queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
        answer(ticket, text);
        i = 0;
    }
    performing_ = false;
}

void DockerWorld::answer(discovery::Ticket ticket, const std::string& target) {
    waiting.erase(ticket);
    timeouts_.erase(ticket);
    const bool stream = target.find("/events") != std::string::npos;
    if (refuses) {
        perform(stream ? machine_.step(discovery::StreamEnded{ticket, "connection refused"}, now)
                       : machine_.step(discovery::Failed{ticket, "connection refused"}, now));
        return;
    }
    int status_code = status_of ? status_of(target) : 200;
    std::string body;
    if (target.starts_with("/v1.")) {
        const auto minor = [](const std::string& version) { return std::stoi(version.substr(2)); };
        const int wanted = std::stoi(target.substr(4));
        if (wanted > minor(max_version) || wanted < minor(min_version)) {
            status_code = 400;
            body = R"({"message":"client version is too old or too new"})";
        }
    }
    if (stream) {
        if (status_code == 200) {
            stream_ = ticket;
        }
        perform(machine_.step(discovery::StreamOpened{ticket, status_code, docker_headers(max_version)}, now));
        return;
    }
    if (status_code == 200) {
        if (target.find("/_ping") != std::string::npos) {
            body = "OK";
        } else if (target.find("/info") != std::string::npos) {
            body = R"({"ID":"x","Name":")" + host_name + R"("})";
        } else if (target.find("/containers/json") != std::string::npos) {
            body = list();
        } else {
            const auto at = target.find("/containers/") + 12;
            const std::string id = target.substr(at, target.find("/json") - at);
            const auto found =
                std::find_if(containers.begin(), containers.end(), [&](const auto& item) { return container_id(item.first) == id; });
            status_code = found == containers.end() ? 404 : 200;
            body = found == containers.end() ? R"({"message":"No such container"})" : inspect(found->second);
        }
    }
    perform(machine_.step(discovery::Answered{ticket, status_code, docker_headers(max_version), body}, now));
}

std::string DockerWorld::list() const {
    std::string out;
    Writer json(out);
    json.begin_array();
    for (const auto& [name, container] : containers) {
        if (container.state != "running" && container.state != "paused" && container.state != "restarting") {
            continue;
        }
        json.begin_object().member("Id", container_id(name)).key("Names").begin_array().value("/" + name).end_array();
        json.member("Image", container.image).key("Ports").begin_array();
        for (const auto& [port, bindings] : container.ports) {
            for (const auto& binding : bindings) {
                json.begin_object().member("IP", binding.substr(0, binding.rfind(':'))).member("PrivatePort", std::stoi(port));
                json.member("PublicPort", std::stoi(binding.substr(binding.rfind(':') + 1)))
                    .member("Type", port.substr(port.find('/') + 1))
                    .end_object();
            }
        }
        json.end_array().member("State", container.state);
        json.member("Status", "Up " + std::to_string((now.time_since_epoch().count() / 1'000'000'000) % 60) + " seconds" +
                                  (container.health.empty() ? "" : " (" + container.health + ")"));
        json.key("NetworkSettings").begin_object().key("Networks").begin_object();
        for (const auto& [network, address] : container.networks) {
            json.key(network).begin_object().member("IPAddress", address).member("GlobalIPv6Address", "").end_object();
        }
        json.end_object().end_object().end_object();
    }
    json.end_array();
    return out;
}

std::string DockerWorld::inspect(const FakeContainer& container) const {
    std::string out;
    Writer json(out);
    const bool alive = container.state == "running" || container.state == "paused";
    json.begin_object().member("Id", container_id(container.name)).member("Name", "/" + container.name).key("State").begin_object();
    json.member("Status", container.state)
        .member("Running", alive || container.state == "restarting")
        .member("Paused", container.state == "paused");
    std::string nanos = std::to_string(container.started);
    nanos.insert(0, 9 - nanos.size(), '0');
    json.member("Restarting", container.state == "restarting")
        .member("Dead", false)
        .member("StartedAt", "2026-11-22T19:49:52." + nanos + "Z");
    if (!container.health.empty()) {
        json.key("Health").begin_object().member("Status", container.health).end_object();
    }
    json.end_object().key("HostConfig").begin_object().member("NetworkMode", container.mode).end_object().key("Config").begin_object();
    json.member("Image", container.image).key("Env").begin_array();
    for (const auto& entry : container.environment) {
        json.value(entry);
    }
    json.end_array().key("Labels").begin_object();
    for (const auto& [key, value] : container.labels) {
        json.member(key, value);
    }
    json.end_object().key("ExposedPorts").begin_object();
    for (const auto& [port, bindings] : container.ports) {
        json.key(port).begin_object().end_object();
    }
    json.end_object();
    if (!container.stop_signal.empty()) {
        json.member("StopSignal", container.stop_signal);
    }
    if (container.stop_timeout >= 0) {
        json.member("StopTimeout", container.stop_timeout);
    }
    json.end_object().key("NetworkSettings").begin_object();
    if (!new_shape) {
        json.member("IPAddress", "");
    }
    json.key("Ports").begin_object();
    for (const auto& [port, bindings] : container.ports) {
        json.key(port);
        if (bindings.empty()) {
            json.null();
            continue;
        }
        json.begin_array();
        for (const auto& binding : bindings) {
            const auto colon = binding.rfind(':');
            json.begin_object().member("HostIp", binding.substr(0, colon)).member("HostPort", binding.substr(colon + 1)).end_object();
        }
        json.end_array();
    }
    json.end_object().key("Networks").begin_object();
    for (const auto& [network, address] : container.networks) {
        json.key(network)
            .begin_object()
            .member("NetworkID", "id-" + network)
            .member("IPAddress", alive ? address : "")
            .member("GlobalIPv6Address", "");
        json.end_object();
    }
    json.end_object().end_object().end_object();
    return out;
}

std::vector<std::string> DockerWorld::facts(const std::string& service) const {
    std::vector<std::string> out;
    const auto found = published.find(service);
    if (found == published.end()) {
        return out;
    }
    for (const auto& fact : found->second) {
        constexpr const char* words[] = {"up", "starting", "draining", "paused", "down"};
        std::string text = fact.labels.at("container") + " " + words[static_cast<int>(fact.status)];
        for (std::size_t i = 0; i < fact.addresses.size(); ++i) {
            text += (i == 0 ? " " : ",") + config::to_string(fact.addresses[i]);
        }
        out.push_back(std::move(text));
    }
    return out;
}

std::vector<std::string> DockerWorld::names(const std::string& service, discovery::Status status_wanted) const {
    std::vector<std::string> out;
    const auto found = published.find(service);
    if (found != published.end()) {
        for (const auto& fact : found->second) {
            if (fact.status == status_wanted) {
                out.push_back(fact.labels.at("container"));
            }
        }
    }
    return out;
}

}  // namespace cardea::test
