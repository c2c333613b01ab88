#include "proxy/sandbox/reach.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <variant>

namespace cardea::sandbox {

namespace {

using Path = std::filesystem::path;

void add(std::vector<Place>& places, Access access, const std::string& path, const std::string& because) {
    if (!path.empty()) {
        places.push_back({access, path, false, because});
    }
}

void add_tls(std::vector<Place>& places, const config::TlsClient& tls, const std::string& because) {
    if (tls.enabled) {
        for (const auto* const file : {&tls.ca, &tls.cert, &tls.key}) {
            add(places, Access::read, *file, because + ".tls");
        }
    }
}

void add_socket(std::vector<Place>& places, const config::Address& address, const std::string& because) {
    if (address.kind == config::Address::Kind::unix_path) {
        add(places, Access::socket, address.name, because);
    }
}

/// The folder with every link resolved; of one that is not there, the nearest above that is.
Path real_folder(Path folder) {
    std::error_code error;
    for (;;) {
        auto real = std::filesystem::canonical(folder, error);
        if (!error || !folder.has_relative_path()) {
            return error ? Path("/") : real;
        }
        folder = folder.parent_path();
    }
}

}  // namespace

std::vector<Place> places_of(const config::Config& config, const std::set<std::string>& read) {
    std::vector<Place> places;
    for (const auto& path : read) {
        add(places, Access::read, path, "the configuration");
    }
    if (!config.process.state_dir.empty()) {
        places.push_back({Access::write, config.process.state_dir, true, "process.state_dir"});
    }
    for (const auto& listener : config.listeners) {
        add_socket(places, listener.address, "listeners." + listener.name);
    }
    for (const auto& consul : config.discovery.consul) {
        const std::string because = "discovery.consul." + consul.name;
        add(places, Access::read, consul.token_file, because + ".token_file");
        add_tls(places, consul.tls, because);
    }
    for (const auto& docker : config.discovery.docker) {
        add_tls(places, docker.tls, "discovery.docker." + docker.name);
    }
    for (const auto& service : config.services) {
        for (const auto& endpoint : service.endpoints) {
            if (const auto* const file = std::get_if<config::FileRef>(&endpoint)) {
                add(places, Access::read, file->path, "services." + service.name);
            }
        }
    }
    if (config.admin.enabled) {
        add(places, Access::socket, config.admin.unix_path, "admin.address");
    }
    if (config.access_log.output == config::AccessLog::Output::file) {
        add(places, Access::write, config.access_log.path, "access_log");
    }
    add(places, Access::write, config.journal.path, "journal.file");
    return places;
}

std::vector<std::string> folders_of(const Place& place) {
    std::error_code error;
    const Path path = std::filesystem::absolute(place.path, error).lexically_normal();
    std::vector<std::string> folders;
    const auto take = [&](const Path& target) {
        const Path folder = real_folder(place.folder ? target : target.parent_path());
        if (folder != folder.root_path()) {
            folders.push_back(folder.string());
        } else if (std::filesystem::exists(target, error) && !std::filesystem::is_directory(target, error)) {
            folders.push_back(target.string());
        }
    };
    take(path);
    if (const Path real = std::filesystem::weakly_canonical(path, error); !error && real != path) {
        take(real);
    }
    std::sort(folders.begin(), folders.end());
    folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
    return folders;
}

}  // namespace cardea::sandbox
