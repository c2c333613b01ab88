#pragma once
// One connection to the admin door: requests in turn, keep-alive, every wait with an end. Control thread.

#include "proxy/admin/event_stream.hpp"
#include "proxy/admin/pages.hpp"
#include "proxy/control/loop_asio.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace cardea::admin {

using Socket = boost::asio::generic::stream_protocol::socket;

/// What all sessions have in common.
struct Sessions {
    std::size_t alive{0};
    std::size_t longest_request{config::Admin{}.max_request.count};
    std::uint64_t refused{0};   ///< before they began: too many were alive
    std::uint64_t too_long{0};  ///< requests
};

class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Socket socket, std::shared_ptr<const Pages> pages, std::shared_ptr<Followers> followers, bool over_unix_socket,
            std::shared_ptr<Sessions> all);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    void start() { read(); }

private:
    void read();
    void received(std::size_t size);
    /// Takes one request from the front of `input_` when it is there whole; false when more is needed.
    bool take_request();
    void refuse(std::uint16_t status);
    void refuse_long();
    /// Hands the connection over to a stream of events; false when there are too many.
    bool hand_over(const std::string& type, const Follow& follow);
    void write(std::string bytes, bool close);
    void give_up_after(std::chrono::seconds patience);

    Socket socket_;
    boost::asio::steady_timer deadline_;
    const std::shared_ptr<const Pages> pages_;
    const std::shared_ptr<Followers> followers_;
    const bool over_unix_socket_;
    const std::shared_ptr<Sessions> all_;
    std::string input_{};
    std::size_t scanned_{0};
    std::string output_{};
    std::array<char, 8 * 1024> room_{};
};

}  // namespace cardea::admin
