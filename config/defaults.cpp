#include "config/defaults.hpp"

namespace cardea::config {

std::string default_admin_socket(Files& files) {
    const auto runtime = files.environment("XDG_RUNTIME_DIR");
    return (runtime && runtime->starts_with('/') ? *runtime : "/run") + "/cardea/admin.sock";
}

Address default_admin_address() {
    return *make_address("127.0.0.1", 8001);
}

Admin default_admin(Files& files) {
    Admin admin;
    admin.tcp = default_admin_address();
    admin.unix_path = default_admin_socket(files);
    return admin;
}

Listener default_listener() {
    Listener listener;
    listener.address = *parse_listen_address(":8000");
    return listener;
}

Address default_docker_endpoint() {
    return *parse_address("unix:/var/run/docker.sock");
}

}  // namespace cardea::config
