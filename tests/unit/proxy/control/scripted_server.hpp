#pragma once
// A tiny server for the control plane's client: accepts on loopback or a unix path, reads a request head, does what the
// script says. It runs on a thread of its own and is over when it is destroyed.

#include "config/address.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>

namespace cardea::control {

class ScriptedServer {
public:
    /// What to answer to the n-th request (from 0) on the c-th connection (from 0).
    struct Reply {
        std::string bytes{};
        bool close{false};
    };
    using Script = std::function<Reply(int connection, int request, const std::string& head)>;

    explicit ScriptedServer(Script script, const std::string& unix_path = {}) : script_(std::move(script)) {
        if (unix_path.empty()) {
            listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_in here{};
            here.sin_family = AF_INET;
            here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            socklen_t size = sizeof here;
            (void)::bind(listener_, reinterpret_cast<sockaddr*>(&here), size);
            (void)::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size);
            address_ = *config::make_address("127.0.0.1", ntohs(here.sin_port));
        } else {
            listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_un here{};
            here.sun_family = AF_UNIX;
            std::strncpy(here.sun_path, unix_path.c_str(), sizeof here.sun_path - 1);
            (void)::unlink(unix_path.c_str());
            (void)::bind(listener_, reinterpret_cast<sockaddr*>(&here), sizeof here);
            address_ = {config::Address::Kind::unix_path, {}, unix_path, 0};
        }
        (void)::listen(listener_, 64);
        thread_ = std::thread([this] { accept_all(); });
    }
    ~ScriptedServer() {
        over_ = true;
        thread_.join();
        for (auto& peer : peers_) {
            peer.join();
        }
        ::close(listener_);
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] const config::Address& address() const { return address_; }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] std::vector<std::string> heads() const {
        const std::lock_guard lock(mutex_);
        return heads_;
    }

private:
    [[nodiscard]] bool readable(int descriptor) const {
        pollfd wait{descriptor, POLLIN, 0};
        while (!over_) {
            if (::poll(&wait, 1, 10) > 0) {
                return true;
            }
        }
        return false;
    }
    void accept_all() {
        while (readable(listener_)) {
            const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (peer >= 0) {
                peers_.emplace_back([this, peer, number = connections_++] { serve(peer, number); });
            }
        }
    }
    void serve(int peer, int number) {
        std::string bytes;
        for (int request = 0; readable(peer);) {
            std::array<char, 4096> room{};
            const auto got = ::recv(peer, room.data(), room.size(), 0);
            if (got <= 0) {
                break;
            }
            bytes.append(room.data(), static_cast<std::size_t>(got));
            const auto end = bytes.find("\r\n\r\n");
            if (end == std::string::npos) {
                continue;
            }
            const std::string head = bytes.substr(0, end + 4);
            bytes.erase(0, end + 4);
            {
                const std::lock_guard lock(mutex_);
                heads_.push_back(head);
            }
            const Reply reply = script_(number, request++, head);
            (void)::send(peer, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
            if (reply.close) {
                break;
            }
        }
        ::close(peer);
    }

    Script script_;
    int listener_{-1};
    config::Address address_{};
    std::atomic<bool> over_{false};
    std::atomic<int> connections_{0};
    mutable std::mutex mutex_{};  ///< guards heads_
    std::vector<std::string> heads_{};
    std::vector<std::thread> peers_{};
    std::thread thread_{};
};

inline std::string ok(const std::string& body, const std::string& fields = {}) {
    return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace cardea::control
