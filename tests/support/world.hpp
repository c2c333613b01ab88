#pragma once
// A small world for providers: a clock that only moves when told to, a Consul that answers like the real one, and everything
// the provider did, written down. What takes an hour outside takes milliseconds here.

#include "config/json.hpp"
#include "discovery/provider.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cardea::test {

using namespace std::chrono_literals;

/// Consul as a value: what is registered, and what is wrong with it at present.
class FakeConsul {
public:
    struct Instance {
        std::string node{"h1"}, id{"web-1"}, address{"10.0.0.1"};
        std::int64_t port{80};
        std::string status{"passing"};  ///< of its one check; empty = no check at all
        std::vector<std::string> tags{};
        std::string meta{"{}"};
        bool maintenance{false};
        std::uint32_t passing{1}, warning{1};
    };

    // What is wrong.
    bool refuses{false};                          ///< nobody listens
    bool hangs{false};                            ///< accepts and never answers
    std::optional<discovery::Answered> always{};  ///< answers everything with this
    bool leader{true};
    std::uint64_t last_contact_ms{0};
    bool blind{false};                                  ///< rights are missing: everything looks empty
    bool acl{false};                                    ///< rights are a matter at all
    int authorize_status{200};                          ///< other than 200: it does not tell about rights
    std::function<void(discovery::Answered&)> spoil{};  ///< last touch on every good answer

    void put(const std::string& service, Instance instance) {
        auto& list = services_[service];
        std::erase_if(list, [&](const Instance& one) { return one.node == instance.node && one.id == instance.id; });
        list.push_back(std::move(instance));
        changed_[service] = ++index_;
    }
    void remove(const std::string& service, const std::string& id) {
        std::erase_if(services_[service], [&](const Instance& one) { return one.id == id; });
        changed_[service] = ++index_;
        if (services_[service].empty()) {
            services_.erase(service);
            extinction_ = index_;
        }
    }
    /// Starts again with nothing, or with a copy made earlier.
    void lose_data(std::uint64_t index = 5) {
        services_.clear();
        changed_.clear();
        index_ = extinction_ = index;
    }
    void shuffle(const std::string& service) { std::reverse(services_[service].begin(), services_[service].end()); }
    [[nodiscard]] std::uint64_t index() const { return index_; }
    void set_index(std::uint64_t index) { index_ = index; }

    /// The answer if there is one after `waited`.
    [[nodiscard]] std::optional<discovery::Event> answer(const discovery::Fetch& fetch, config::Duration waited) const {
        if (refuses) {
            return discovery::Failed{fetch.ticket, "connection refused"};
        }
        if (hangs) {
            return waited >= fetch.timeout ? std::optional<discovery::Event>{discovery::Failed{fetch.ticket, "timed out"}} : std::nullopt;
        }
        if (always) {
            discovery::Answered reply = *always;
            reply.ticket = fetch.ticket;
            return reply;
        }
        if (fetch.target.starts_with("/v1/internal/acl/authorize")) {
            return rights(fetch);
        }
        if (fetch.target == "/") {
            return discovery::Answered{.ticket = fetch.ticket, .status = 200, .body = "Consul Agent"};
        }
        const std::string service = name_of(fetch.target);
        const std::uint64_t index = index_of(service);
        const std::uint64_t known = number(fetch.target, "index=");
        if (known != 0 && index <= known && waited < wait_of(fetch)) {
            return std::nullopt;  // a known index that is too high blocks as well, as in the real one
        }
        discovery::Answered reply{.ticket = fetch.ticket, .status = 200, .body = service.empty() ? list_body() : health_body(service)};
        reply.headers = {{"x-consul-index", std::to_string(index)},
                         {"x-consul-knownleader", leader ? "true" : "false"},
                         {"x-consul-lastcontact", std::to_string(last_contact_ms)}};
        if (spoil) {
            spoil(reply);
        }
        return reply;
    }
    /// When an answer comes at the latest if nothing changes.
    [[nodiscard]] config::Duration patience(const discovery::Fetch& fetch) const { return hangs ? fetch.timeout : wait_of(fetch); }

private:
    [[nodiscard]] discovery::Answered rights(const discovery::Fetch& fetch) const {
        if (authorize_status != 200) {
            return {.ticket = fetch.ticket, .status = authorize_status, .body = "no such thing"};
        }
        if (!acl && !blind) {
            return {.ticket = fetch.ticket, .status = 401, .body = "ACL support disabled"};
        }
        std::string body;
        const auto question = config::json::parse(fetch.body);
        for (std::size_t i = 0; i < (question ? question->root().size() : 0); ++i) {
            body += std::string(i == 0 ? "" : ",") + R"({"Access":"read","Allow":)" + (blind ? "false" : "true") + "}";
        }
        return {.ticket = fetch.ticket, .status = 200, .body = "[" + body + "]"};
    }
    static std::uint64_t number(const std::string& text, const std::string& name) {
        const auto at = text.find(name);
        return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
    }
    static config::Duration wait_of(const discovery::Fetch& fetch) {
        const auto at = fetch.target.find("wait=");
        return at == std::string::npos ? 0ms
                                       : config::parse_duration(fetch.target.substr(at + 5, fetch.target.find('&', at) - at - 5)).value();
    }
    static std::string name_of(const std::string& target) {
        const std::string prefix = "/v1/health/service/";
        return target.starts_with(prefix) ? target.substr(prefix.size(), target.find('?') - prefix.size()) : "";
    }
    [[nodiscard]] std::uint64_t index_of(const std::string& service) const {
        if (service.empty()) {
            return std::max<std::uint64_t>(index_, 1);
        }
        const auto found = changed_.find(service);
        return std::max<std::uint64_t>(services_.contains(service) ? found->second : extinction_, 1);
    }
    [[nodiscard]] std::string list_body() const {
        std::string out;
        config::json::Writer writer(out);
        writer.begin_object().key("consul").begin_array().end_array();
        for (const auto& [name, instances] : services_) {
            writer.key(name).begin_array().end_array();
        }
        writer.end_object();
        return blind ? "{}" : out;
    }
    [[nodiscard]] std::string health_body(const std::string& service) const {
        const auto found = services_.find(service);
        std::string out = "[";
        if (found != services_.end() && !blind) {
            for (const Instance& one : found->second) {
                out += (out.size() > 1 ? "," : "") + entry(service, one);
            }
        }
        return out + "]";
    }
    static std::string entry(const std::string& service, const Instance& one) {
        std::string tags;
        for (const std::string& tag : one.tags) {
            tags += tags.empty() ? "" : ",";
            config::json::append_quoted(tags, tag);
        }
        const auto check = [](const std::string& id, const std::string& status, const std::string& of) {
            return R"({"CheckID":")" + id + R"(","Name":"check )" + id + R"(","Status":")" + status + R"(","ServiceID":")" + of + R"("})";
        };
        std::string checks = check("serfHealth", "passing", "");
        if (!one.status.empty()) {
            checks += "," + check("service:" + one.id, one.status, one.id);
        }
        if (one.maintenance) {
            checks += "," + check("_service_maintenance:" + one.id, "critical", one.id);
        }
        return R"({"Node":{"Node":")" + one.node + R"(","Address":"192.168.1.1","Datacenter":"dc1"},"Service":{"ID":")" + one.id +
               R"(","Service":")" + service + R"(","Tags":[)" + tags + R"(],"Address":")" + one.address + R"(","Port":)" +
               std::to_string(one.port) + R"(,"Meta":)" + one.meta + R"(,"Weights":{"Passing":)" + std::to_string(one.passing) +
               R"(,"Warning":)" + std::to_string(one.warning) + R"(}},"Checks":[)" + checks + "]}";
    }

    std::map<std::string, std::vector<Instance>> services_{};
    std::map<std::string, std::uint64_t> changed_{};
    std::uint64_t index_{10}, extinction_{10};
};

/// A provider in front of one or more FakeConsuls (peers).
class World {
public:
    struct Sent {
        config::TimePoint at{};
        discovery::Fetch fetch{};
    };
    struct Said {
        config::TimePoint at{};
        discovery::Publish publish{};
    };

    World(std::unique_ptr<discovery::Provider> provider, std::size_t peers = 1) : provider_(std::move(provider)), peers_(peers) {
        tell(discovery::Started{});
    }

    FakeConsul& consul(std::size_t peer = 0) { return peers_[peer]; }
    void want(std::vector<std::string> queries) { tell(discovery::Wanted{std::move(queries)}); }

    /// Lets time pass. Changes made to the consuls before are noticed at its beginning.
    void run(config::Duration duration) {
        const config::TimePoint end = now_ + duration;
        for (;;) {
            answer_all();
            const config::TimePoint next = next_moment();
            if (next > end) {
                break;
            }
            now_ = std::max(now_, next);
            if (wake_ && *wake_ <= now_) {
                wake_.reset();
                tell(discovery::Woken{});
            }
        }
        now_ = end;
    }

    [[nodiscard]] config::TimePoint now() const { return now_; }
    [[nodiscard]] const std::vector<Sent>& sent() const { return sent_; }
    [[nodiscard]] const std::vector<Said>& said() const { return said_; }
    [[nodiscard]] const discovery::SourceStatus& status() const { return status_; }
    [[nodiscard]] std::size_t asking() const { return pending_.size(); }
    [[nodiscard]] std::size_t most_asking() const { return most_asking_; }
    [[nodiscard]] std::size_t sent_since(config::TimePoint from) const {
        return static_cast<std::size_t>(std::count_if(sent_.begin(), sent_.end(), [from](const Sent& one) { return one.at >= from; }));
    }
    /// What was said last about a query.
    [[nodiscard]] const discovery::Publish* last(const std::string& query) const {
        const auto found = std::find_if(said_.rbegin(), said_.rend(), [&](const Said& one) { return one.publish.query == query; });
        return found == said_.rend() ? nullptr : &found->publish;
    }
    /// Called with every Publish as it comes.
    std::function<void(const discovery::Publish&)> on_publish{};

private:
    void tell(const discovery::Event& event) {
        for (discovery::Action& action : provider_->step(event, now_)) {
            if (auto* fetch = std::get_if<discovery::Fetch>(&action)) {
                sent_.push_back({now_, *fetch});
                pending_.push_back({now_, std::move(*fetch)});
                most_asking_ = std::max(most_asking_, pending_.size());
            } else if (const auto* cancel = std::get_if<discovery::Cancel>(&action)) {
                std::erase_if(pending_, [&](const Sent& one) { return one.fetch.ticket == cancel->ticket; });
            } else if (const auto* wake = std::get_if<discovery::WakeAt>(&action)) {
                wake_ = wake->when;
            } else if (auto* status = std::get_if<discovery::SourceStatus>(&action)) {
                status_ = std::move(*status);
            } else if (auto* publish = std::get_if<discovery::Publish>(&action)) {
                said_.push_back({now_, *publish});
                if (on_publish) {
                    on_publish(*publish);
                }
            }
        }
    }
    void answer_all() {
        for (std::size_t i = 0; i < pending_.size();) {
            const Sent one = pending_[i];
            const auto waited = std::chrono::duration_cast<config::Duration>(now_ - one.at);
            auto event = peers_[one.fetch.peer].answer(one.fetch, waited);
            if (!event) {
                ++i;
                continue;
            }
            pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
            tell(*event);
            i = 0;
        }
    }
    [[nodiscard]] config::TimePoint next_moment() const {
        config::TimePoint next = config::TimePoint::max();
        if (wake_) {
            next = *wake_;
        }
        for (const Sent& one : pending_) {
            next = std::min(next, one.at + peers_[one.fetch.peer].patience(one.fetch));
        }
        return next;
    }

    std::unique_ptr<discovery::Provider> provider_;
    std::vector<FakeConsul> peers_;
    config::TimePoint now_{config::TimePoint{} + 1000h};
    std::vector<Sent> pending_{}, sent_{};
    std::vector<Said> said_{};
    std::optional<config::TimePoint> wake_{};
    discovery::SourceStatus status_{};
    std::size_t most_asking_{0};
};

}  // namespace cardea::test
