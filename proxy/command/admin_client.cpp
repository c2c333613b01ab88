#include "proxy/command/admin_client.hpp"

#include "proxy/control/loop.hpp"
#include "proxy/control/outbound.hpp"

#include <ostream>
#include <utility>
#include <vector>

namespace cardea::command {

namespace {

constexpr std::size_t refusal_max = 4096;

std::vector<config::Address> admin_places(const config::CommandLine& line) {
    if (line.admin) {
        return {*line.admin};
    }
    config::Address socket;
    socket.kind = config::Address::Kind::unix_path;
    socket.name = line.admin_socket;
    return {socket, config::default_admin_address()};
}

control::Resolve no_names() {
    return [](const std::string& name, const auto& done) {
        done(config::failure("`" + name + "` is a name: give the address of the admin door"));
    };
}

/// A unix socket has no name to put into Host.
discovery::HeaderList host_of(const config::Address& address) {
    return address.kind == config::Address::Kind::unix_path ? discovery::HeaderList{{"Host", "localhost"}} : discovery::HeaderList{};
}

tl::expected<control::Answer, control::OutboundFailure> ask_place(const config::Address& address, std::string_view method,
                                                                  std::string_view target) {
    control::Loop loop;
    control::Outbound outbound(loop, no_names());
    control::OutboundRequest request;
    request.method = method;
    request.target = target;
    request.fresh = true;
    request.headers = host_of(address);
    control::Place place;
    place.address = address;
    tl::expected<control::Answer, control::OutboundFailure> result = tl::unexpected(control::OutboundFailure{});
    outbound.fetch(place, std::move(request), [&result, &loop](tl::expected<control::Answer, control::OutboundFailure> answer) {
        result = std::move(answer);
        loop.stop();
    });
    loop.run();
    return result;
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

tl::expected<AdminDocument, config::ExitCode> ask_document(const config::CommandLine& line, const Streams& streams, std::string_view method,
                                                           const std::string& target) {
    auto answer = ask_admin(line, method, target);
    if (!answer) {
        streams.err << answer.error().what << "\n" << answer.error().hint << "\n" << std::flush;
        return tl::unexpected(config::ExitCode::unavailable);
    }
    auto document = config::json::parse(answer->body);
    if (!document) {
        streams.err << "the admin door answered what is no JSON: " << document.error().what << "\n" << std::flush;
        return tl::unexpected(config::ExitCode::failed);
    }
    if (answer->status != 200) {
        streams.err << document->root()["error"].string_or(answer->body) << "\n" << std::flush;
        return tl::unexpected(config::ExitCode::failed);
    }
    return AdminDocument{std::move(answer->body), std::move(*document)};
}

config::Result<void> follow_admin(const config::CommandLine& line, const std::string& target,
                                  const std::vector<std::pair<std::string, std::string>>& headers, const TakeBytes& take) {
    std::string tried;
    for (const auto& address : admin_places(line)) {
        control::Loop loop;
        control::Outbound outbound(loop, no_names());
        control::OutboundRequest request;
        request.target = target;
        request.headers = host_of(address);
        request.headers.insert(request.headers.end(), headers.begin(), headers.end());
        int status = 0;
        std::string refusal, why;
        control::StreamCallbacks callbacks;
        callbacks.opened = [&status](int code, const discovery::HeaderList& /*fields*/) { status = code; };
        callbacks.data = [&](std::string_view bytes) {
            if (status == 200) {
                take(bytes);
            } else {
                refusal += bytes.substr(0, refusal_max);
            }
        };
        callbacks.ended = [&](std::string reason) {
            why = std::move(reason);
            loop.stop();
        };
        control::Place place;
        place.address = address;
        outbound.open(place, std::move(request), std::move(callbacks));
        loop.run();
        if (status == 200) {
            return {};
        }
        if (status != 0) {
            return config::failure("the admin door answered " + std::to_string(status) + ": " + refusal);
        }
        tried += (tried.empty() ? "" : "; ") + why;
    }
    return config::failure("no running instance answers: " + tried, {}, "name its admin door with --admin ADDRESS");
}

}  // namespace cardea::command
