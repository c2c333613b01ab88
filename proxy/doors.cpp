#include "proxy/doors.hpp"

#include "proxy/listening.hpp"
#include "proxy/net/listen_socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace cardea::proxy {

namespace {

bool is_path(const config::Address& address) {
    return address.kind == config::Address::Kind::unix_path;
}

}  // namespace

Doors::~Doors() {
    *alive_ = false;
}

void Doors::inherit(std::vector<InheritedSocket> sockets) {
    for (auto& one : sockets) {
        const auto same = std::ranges::find_if(inherited_, [&](const auto& known) {
            return known->name == one.name && known->configured == one.configured && known->foreign == one.foreign;
        });
        if (same == inherited_.end()) {
            auto made = std::make_unique<Entrance>();
            made->name = std::move(one.name);
            made->bound = net::local_address(one.socket.get()).value_or(one.configured);
            made->configured = std::move(one.configured);
            made->foreign = one.foreign;
            made->sockets.push_back({++last_id_, std::move(one.socket), one.id, {}});
            inherited_.push_back(std::move(made));
        } else {
            (*same)->sockets.push_back({++last_id_, std::move(one.socket), one.id, {}});
        }
    }
}

void Doors::start(std::vector<snapshot::WorkerPort*> workers, bool open) {
    workers_ = std::move(workers);
    open_ = open;
}

void Doors::open() {
    open_ = true;
    for (const auto& unclaimed : inherited_) {
        given_.log->warning(
            "socket_not_wanted",
            {{"name", unclaimed->name}, {"address", config::to_string(unclaimed->bound)}, {"why", "no listener has that name or address"}});
    }
    inherited_.clear();  // its giver's to close
    for (const auto& entrance : entrances_) {
        send_workers(*entrance, false);
    }
}

/// Which socket there already is serves which listener: the one of the same name at the same address, else any at the same
/// place, whatever its name. A socket from systemd is found by its name wherever it listens.
std::vector<std::unique_ptr<Doors::Entrance>*> Doors::match(const std::vector<config::Listener>& listeners) {
    std::vector<std::unique_ptr<Entrance>*> free;
    for (auto* const list : {&entrances_, &inherited_}) {
        std::ranges::transform(*list, std::back_inserter(free), [](auto& one) { return &one; });
    }
    std::vector<std::unique_ptr<Entrance>*> matched(listeners.size(), nullptr);
    const auto look = [&](const auto& fits) {
        for (std::size_t i = 0; i < listeners.size(); ++i) {
            const auto found = matched[i] != nullptr
                                   ? free.end()
                                   : std::ranges::find_if(free, [&](const auto* entrance) { return fits(listeners[i], **entrance); });
            if (found != free.end()) {
                matched[i] = *found;
                free.erase(found);
            }
        }
    };
    look([](const config::Listener& listener, const Entrance& one) {
        return one.name == listener.name && (one.configured == listener.address || (one.foreign && one.listener == nullptr));
    });
    look([](const config::Listener& listener, const Entrance& one) {
        const bool definite = is_path(listener.address) || listener.address.port != 0;
        return definite && (one.configured == listener.address || one.bound == listener.address);
    });
    return matched;
}

config::Result<void> Doors::prepare(const config::Config& next) {
    plans_.clear();
    wanted_ = std::max<std::size_t>(1, given_.workers_wanted(next));
    const std::size_t count = workers_.empty() ? wanted_ : std::min(wanted_, workers_.size());
    const auto matched = match(next.listeners);
    std::vector<Plan> plans;
    for (std::size_t i = 0; i < matched.size(); ++i) {
        Plan plan{next.listeners[i], matched[i], {}};
        if (plan.known == nullptr) {
            auto opened = open_for_workers(plan.listener.address, count);
            if (!opened) {
                return tl::unexpected(opened.error());
            }
            plan.opened = std::move(*opened);
        } else if (const Entrance& known = **plan.known; !known.foreign && !is_path(known.bound) && known.sockets.size() < count) {
            plan.opened = open_more(known.bound, count - known.sockets.size());
        }
        plans.push_back(std::move(plan));
    }
    plans_ = std::move(plans);
    return {};
}

void Doors::put_in_force(Plan& plan, std::vector<std::unique_ptr<Entrance>>& next) {
    auto entrance = plan.known != nullptr ? std::move(*plan.known) : std::make_unique<Entrance>();
    const bool told = entrance->listener != nullptr && entrance->name == plan.listener.name;
    const bool changed = entrance->listener == nullptr || *entrance->listener != plan.listener;
    for (auto& socket : plan.opened) {
        entrance->sockets.push_back({++last_id_, std::move(socket), 0, {}});
    }
    if (plan.known == nullptr) {
        entrance->bound = net::local_address(entrance->sockets.front().descriptor.get()).value_or(plan.listener.address);
    }
    entrance->name = plan.listener.name;
    entrance->configured = plan.listener.address;
    if (changed) {
        entrance->listener = std::make_shared<const config::Listener>(std::move(plan.listener));
    }
    if (!told) {
        given_.log->info("listening", {{"listener", entrance->name}, {"address", config::to_string(entrance->bound)}});
    }
    send_workers(*entrance, changed);
    next.push_back(std::move(entrance));
}

std::string Doors::commit() {
    active_ = std::min(wanted_, workers_.size());
    given_.accepting->store(active_, std::memory_order_relaxed);
    std::vector<std::unique_ptr<Entrance>> next;
    for (auto& plan : std::exchange(plans_, {})) {
        put_in_force(plan, next);
    }
    std::swap(entrances_, next);
    for (auto& gone : next) {
        if (gone) {
            retire(std::move(gone));
        }
    }
    std::erase_if(inherited_, [](const auto& one) { return one == nullptr; });
    return wanted_ <= workers_.size() ? ""
                                      : "process.threads: " + std::to_string(active_) + " of " + std::to_string(wanted_) +
                                            ", the rest after an upgrade or a restart";
}

/// Sockets beyond the number of workers are waited on by those there are; workers beyond the number of sockets share them.
std::vector<std::size_t> Doors::workers_for(const Entrance& entrance, std::size_t socket) const {
    const std::size_t sockets = entrance.sockets.size();
    if (sockets >= active_) {
        return {socket % active_};
    }
    std::vector<std::size_t> workers;
    for (std::size_t worker = socket; worker < active_; worker += sockets) {
        workers.push_back(worker);
    }
    return workers;
}

void Doors::send_workers(Entrance& entrance, bool settings_changed) {
    if (!open_) {
        return;
    }
    for (std::size_t i = 0; i < entrance.sockets.size(); ++i) {
        Socket& socket = entrance.sockets[i];
        auto workers = workers_for(entrance, i);
        const snapshot::Door door{socket.id, entrance.listener, workers.size() > 1};
        std::vector<std::size_t> reached;
        for (const std::size_t worker : workers) {
            const bool new_here = !std::ranges::binary_search(socket.waiting, worker);
            const int duplicate = new_here ? ::fcntl(socket.descriptor.get(), F_DUPFD_CLOEXEC, 3) : -1;
            if (new_here && duplicate < 0) {
                given_.log->error("listener_not_shared", {{"listener", entrance.name}, {"why", "out of file descriptors"}});
                continue;
            }
            if (new_here || settings_changed) {
                workers_[worker]->listen(door, duplicate);
            }
            reached.push_back(worker);
        }
        for (const std::size_t worker : socket.waiting) {
            if (!std::ranges::binary_search(reached, worker)) {
                workers_[worker]->leave(socket.id);
            }
        }
        socket.waiting = std::move(reached);
    }
}

config::Address Doors::bound(const config::Listener& listener) const {
    const auto found = std::ranges::find_if(entrances_, [&](const auto& one) { return one->name == listener.name; });
    return found == entrances_.end() ? listener.address : (*found)->bound;
}

std::vector<OfferedDoor> Doors::offer() const {
    std::vector<OfferedDoor> offered;
    for (const auto& entrance : entrances_) {
        for (const auto& socket : entrance->sockets) {
            offered.push_back({socket.id, entrance->name, entrance->configured, entrance->foreign, socket.descriptor.get()});
        }
    }
    return offered;
}

std::vector<std::uint64_t> Doors::claimed() const {
    std::vector<std::uint64_t> ids;
    for (const auto& entrance : entrances_) {
        for (const auto& socket : entrance->sockets) {
            if (socket.claimed != 0) {
                ids.push_back(socket.claimed);
            }
        }
    }
    return ids;
}

void Doors::hand_over(const std::vector<std::uint64_t>& ids) {
    for (const auto& entrance : entrances_) {
        std::erase_if(entrance->sockets, [&](const Socket& socket) {
            const bool given = std::ranges::find(ids, socket.id) != ids.end();
            if (given) {
                std::ranges::for_each(socket.waiting, [&](std::size_t worker) { workers_[worker]->leave(socket.id); });
            }
            return given;
        });
    }
    std::erase_if(entrances_, [](const auto& entrance) { return entrance->sockets.empty(); });
}

void Doors::turn_away(const Entrance& entrance) {
    if (entrance.foreign) {
        return;
    }
    if (is_path(entrance.bound)) {
        ::unlink(entrance.bound.name.c_str());
        return;
    }
    for (const auto& socket : entrance.sockets) {
        net::turn_newcomers_away(socket.descriptor.get());
    }
}

void Doors::turn_newcomers_away() {
    std::ranges::for_each(entrances_, [](const auto& one) { turn_away(*one); });
}

void Doors::retire(std::unique_ptr<Entrance> entrance) {
    turn_away(*entrance);
    given_.later(last_call, [this, alive = alive_, gone = std::shared_ptr<Entrance>(std::move(entrance))] {
        for (const auto& socket : gone->sockets) {
            if (*alive) {
                std::ranges::for_each(socket.waiting, [&](std::size_t worker) { workers_[worker]->leave(socket.id); });
            }
        }
        gone->sockets.clear();
    });
}

}  // namespace cardea::proxy
