#include "proxy/command/admin_client.hpp"

#include "proxy/control/loop.hpp"
#include "proxy/control/outbound.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace cardea::command {

namespace {

std::vector<config::Address> admin_places(const config::CommandLine& line) {
    if (line.admin) {
        return {*line.admin};
    }
    config::Address socket;
    socket.kind = config::Address::Kind::unix_path;
    socket.name = line.admin_socket;
    return {socket, config::default_admin_address()};
}

tl::expected<control::Answer, control::OutboundFailure> ask_place(const config::Address& address, std::string_view method,
                                                                  std::string_view target) {
    control::Loop loop;
    control::Outbound outbound(loop, [](const std::string& name, const auto& done) {
        done(config::failure("`" + name + "` is a name: give the address of the admin door"));
    });
    control::OutboundRequest request;
    request.method = method;
    request.target = target;
    request.fresh = true;
    if (address.kind == config::Address::Kind::unix_path) {
        request.headers.emplace_back("Host", "localhost");
    }
    control::Place place;
    place.address = address;
    std::optional<tl::expected<control::Answer, control::OutboundFailure>> result;
    outbound.fetch(place, std::move(request), [&result, &loop](tl::expected<control::Answer, control::OutboundFailure> answer) {
        result = std::move(answer);
        loop.stop();
    });
    loop.run();
    return std::move(*result);
}

}  // namespace

config::Result<AdminAnswer> ask_admin(const config::CommandLine& line, std::string_view method, std::string_view target) {
    std::string tried;
    for (const auto& address : admin_places(line)) {
        auto answer = ask_place(address, method, target);
        if (answer) {
            return AdminAnswer{answer->status, std::move(answer->body)};
        }
        tried += (tried.empty() ? "" : "; ") + answer.error().reason;
    }
    return config::failure("no running instance answers: " + tried, {}, "name its admin door with --admin ADDRESS");
}

}  // namespace cardea::command
