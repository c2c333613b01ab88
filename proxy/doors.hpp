#pragma once
// The listening sockets of the process and which worker waits at which. A socket lives here from the moment it is opened, or
// inherited, until it is closed; workers have duplicates. So a listener may be renamed, workers may become fewer or more, and
// another process may take over, without a client in a queue noticing. Control thread.

#include "proxy/control/control.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/observe/log.hpp"
#include "proxy/snapshot/worker_port.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cardea::proxy {

/// A listening socket that was there before this process.
struct InheritedSocket {
    std::uint64_t id{0};           ///< as its giver calls it
    std::string name{};            ///< the listener it belongs to
    config::Address configured{};  ///< what that listener's configuration says, or where the socket listens
    bool foreign{false};           ///< somebody keeps it open beside us and beyond us: systemd
    net::Descriptor socket{};
};

/// One of our own, for the process that shall have it. The descriptor stays ours.
struct OfferedDoor {
    std::uint64_t id{0};
    std::string name{};
    config::Address configured{};
    bool foreign{false};
    int descriptor{-1};
};

class Doors final : public control::Doors {
public:
    struct Given {
        observe::Log* log{nullptr};
        std::atomic<std::size_t>* accepting{nullptr};                        ///< how many workers take clients (Shared::accepting)
        std::function<std::size_t(const config::Config&)> workers_wanted{};  ///< may be more than there are
        std::function<void(config::Duration, std::function<void()>)> later{};
    };
    /// How long a queue is emptied after newcomers are turned away: handshakes under way come to their end.
    static constexpr config::Duration last_call{25};

    explicit Doors(Given given) : given_(std::move(given)) {}
    ~Doors() override;
    Doors(const Doors&) = delete;
    Doors& operator=(const Doors&) = delete;

    /// Before the first prepare(): sockets that are taken instead of opening new ones, by their listener's name or by address.
    void inherit(std::vector<InheritedSocket> sockets);
    /// Before the first commit(). With `open` false the workers are sent to no door before open().
    void start(std::vector<snapshot::WorkerPort*> workers, bool open);
    void open();

    config::Result<void> prepare(const config::Config& next) override;
    std::string commit() override;
    [[nodiscard]] config::Address bound(const config::Listener& listener) const override;

    /// All sockets in force, in the order of the configuration.
    [[nodiscard]] std::vector<OfferedDoor> offer() const;
    /// Which of the inherited ones are in use, as their giver calls them.
    [[nodiscard]] std::vector<std::uint64_t> claimed() const;
    /// These belong to another process now: the workers leave them as they are.
    void hand_over(const std::vector<std::uint64_t>& ids);
    /// The first half of closing: see net::turn_newcomers_away. Sockets that somebody else keeps open stay as they are.
    void turn_newcomers_away();
    /// The second half, when the workers have been told to leave: forgets every socket.
    void close() { entrances_.clear(); }

private:
    struct Socket {
        std::uint64_t id{0};
        net::Descriptor descriptor{};
        std::uint64_t claimed{0};            ///< its giver's id
        std::vector<std::size_t> waiting{};  ///< workers, ascending
    };
    struct Entrance {
        std::string name{};
        config::Address configured{}, bound{};
        bool foreign{false};
        std::shared_ptr<const config::Listener> listener{};  ///< null: not in force yet
        std::vector<Socket> sockets{};
    };
    struct Plan {
        config::Listener listener{};
        std::unique_ptr<Entrance>* known{nullptr};  ///< in entrances_ or in inherited_
        std::vector<net::Descriptor> opened{};
    };
    [[nodiscard]] std::vector<std::unique_ptr<Entrance>*> match(const std::vector<config::Listener>& listeners);
    void put_in_force(Plan& plan, std::vector<std::unique_ptr<Entrance>>& next);
    void send_workers(Entrance& entrance, bool settings_changed);
    void retire(std::unique_ptr<Entrance> entrance);
    static void turn_away(const Entrance& entrance);
    [[nodiscard]] std::vector<std::size_t> workers_for(const Entrance& entrance, std::size_t socket) const;

    const Given given_;
    std::vector<snapshot::WorkerPort*> workers_{};
    bool open_{true};
    std::size_t active_{1};  ///< the first so many workers take clients
    std::size_t wanted_{1};
    std::uint64_t last_id_{0};
    std::vector<std::unique_ptr<Entrance>> entrances_{}, inherited_{};
    std::vector<Plan> plans_{};
    std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};  ///< what comes `later` may come too late
};

}  // namespace cardea::proxy
