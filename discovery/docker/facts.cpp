#include "discovery/docker/facts.hpp"

#include <algorithm>
#include <utility>

namespace cardea::docker {
namespace {

constexpr std::size_t shown_id = 12;  // what docker itself shows and takes; 48 random bits tell the containers of an engine apart

/// Reads one container; the parts share its labels.
class Reader {
public:
    Reader(const Engine& engine, const Container& container, const Container& owner)
        : engine_(engine), container_(container), owner_(owner), own_(config::own_labels(container.labels)) {}

    Reading read() {
        note_problems(own_.problems);
        if (own_.enable == false) {
            skip("cardea.enable is not true");
        } else if (own_.single()) {
            read_single();
        } else {
            read_every_port();
        }
        std::sort(reading_.facts.begin(), reading_.facts.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
        return std::move(reading_);
    }

private:
    [[nodiscard]] bool published(const Port& port) const { return !port.bindings.empty() || container_.network_mode == "host"; }

    /// The ports that may become services: published ones; all of them when the source or a label says so.
    [[nodiscard]] std::vector<const Port*> candidates() const {
        std::vector<const Port*> all;
        std::vector<const Port*> open;
        for (const Port& port : container_.ports) {
            all.push_back(&port);
            if (published(port)) {
                open.push_back(&port);
            }
        }
        const bool unpublished_too =
            engine_.expose == config::Expose::all || (own_.asks() && std::none_of(open.begin(), open.end(), is_tcp));
        return unpublished_too ? all : open;
    }

    static bool is_tcp(const Port* port) { return port->tcp; }

    void read_single() {
        std::uint16_t number = own_.port;
        if (number == 0) {
            const auto ports = candidates();
            const auto tcp = std::count_if(ports.begin(), ports.end(), is_tcp);
            const auto lowest = std::find_if(ports.begin(), ports.end(), is_tcp);
            if (lowest == ports.end()) {
                skip("no tcp port");
                note("exposes no tcp port: say which with the label cardea.port");
                return;
            }
            number = (*lowest)->number;
            if (tcp > 1) {
                note("has " + std::to_string(tcp) + " tcp ports: the lowest, " + std::to_string(number) +
                     ", is used; choose with the label cardea.port");
            }
        }
        const auto keys = registrator_keys(number);
        const std::string name = !own_.service.empty() ? own_.service : !keys.name.empty() ? keys.name : default_name();
        add(number, name, keys, true);
    }

    void read_every_port() {
        const auto ports = candidates();
        const bool group = ports.size() > 1;  // as registrator counts: udp and ignored ports too
        bool any = false;
        for (const Port* port : ports) {
            if (!port->tcp) {
                continue;
            }
            any = true;
            const auto keys = registrator_keys(port->number);
            note_problems(keys.problems);
            if (keys.ignore && !own_.asks()) {
                skip("SERVICE_IGNORE");
            } else if (engine_.expose == config::Expose::labelled && keys.name.empty() && !own_.asks()) {
                skip("no label");
            } else {
                const std::string name = keys.name.empty() ? default_name() : keys.name;
                add(port->number, group && !keys.name_of_port ? name + "-" + std::to_string(port->number) : name, keys, false);
            }
        }
        if (!any) {
            skip(engine_.expose == config::Expose::all ? "no tcp port" : "no published tcp port");
        }
    }

    [[nodiscard]] config::RegistratorKeys registrator_keys(std::uint16_t port) const {
        return config::registrator_keys(container_.environment, container_.labels, port);
    }

    [[nodiscard]] std::string default_name() const {
        if (const auto compose = container_.labels.find(compose_service_label);
            compose != container_.labels.end() && config::usable_service_name(compose->second)) {
            return compose->second;
        }
        std::string image = config::image_service_name(container_.image);
        return image.empty() ? container_.name : image;
    }

    void add(std::uint16_t number, const std::string& service, const config::RegistratorKeys& keys, bool routes) {
        if (!config::usable_service_name(service)) {  // the container's own may be too long, and with a port behind it any
            note("gives port " + std::to_string(number) + " no usable name of 1 to 128 characters: set the label cardea.service");
            return skip("no usable name");
        }
        Choice choice = choose_addresses(engine_.vantage, owner_, number, own_);
        if (!choice.note.empty()) {
            note(choice.note);
        }
        if (choice.addresses.empty()) {
            if (own_.asks()) {
                note("port " + std::to_string(number) + " cannot be reached: " + choice.why_not);
            }
            skip(choice.why_not);
            return;
        }
        discovery::Fact fact;
        fact.key = {engine_.source, container_.id.substr(0, shown_id) + ":" + std::to_string(number) + "/tcp"};
        fact.service = service;
        fact.addresses = std::move(choice.addresses);
        fact.weight = own_.weight.value_or(keys.weight.value_or(1));
        fact.incarnation = container_.id + "@" + container_.started_at;
        if (!keys.id.empty()) {
            fact.registrator_id = keys.id;
        } else if (!engine_.host_name.empty()) {
            fact.registrator_id = engine_.host_name + ":" + container_.name + ":" + std::to_string(number);
        }
        fact.tags = keys.tags;
        if (routes) {
            fact.labels = own_.routes;
        }
        fact.labels["container"] = container_.name;
        fact.drain = own_.drain.value_or(container_.stop_timeout);
        fact.local_source = engine_.vantage.local;
        reading_.facts.push_back(std::move(fact));
    }

    void skip(std::string reason) { reading_.skipped.push_back(std::move(reason)); }
    void note(const std::string& what) { reading_.notes.push_back("container " + container_.name + " " + what); }
    void note_problems(const std::vector<config::LabelProblem>& problems) {
        for (const auto& problem : problems) {
            note(problem.label + ": " + problem.what);
        }
    }

    const Engine& engine_;
    const Container& container_;
    const Container& owner_;
    const config::OwnLabels own_;
    Reading reading_{};
};

}  // namespace

Reading read_container(const Engine& engine, const Container& container, const Container& owner) {
    return Reader(engine, container, owner).read();
}

}  // namespace cardea::docker
