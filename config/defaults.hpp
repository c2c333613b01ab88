#pragma once
// Defaults that depend on the machine or that several readers of configuration share. Any thread.

#include "config/config.hpp"
#include "config/files.hpp"

#include <string>

namespace cardea::config {

/// Where the admin socket is unless configured: $XDG_RUNTIME_DIR/cardea/admin.sock, or /run/cardea/admin.sock without it.
std::string default_admin_socket(Files& files);
/// The admin address unless configured: 127.0.0.1:8001.
Address default_admin_address();
/// Admin as it is when nothing is said of it.
Admin default_admin(Files& files);
/// `:8000`, every address of both families, named `web`.
Listener default_listener();
/// The engine of this machine: unix:/var/run/docker.sock.
Address default_docker_endpoint();

}  // namespace cardea::config
