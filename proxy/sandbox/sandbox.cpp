#include "proxy/sandbox/sandbox.hpp"

#include "proxy/sandbox/privileges.hpp"
#include "proxy/sandbox/seccomp.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace cardea::sandbox {

namespace {

bool covers(const Grants& grants, const std::string& folder, Access access) {
    for (std::filesystem::path path(folder);; path = path.parent_path()) {
        const auto found = grants.find(path.string());
        if (found != grants.end() &&
            (found->second.contains(access) || (access == Access::read && found->second.contains(Access::write)))) {
            return true;
        }
        if (!path.has_relative_path()) {
            return false;
        }
    }
}

}  // namespace

std::string why_never() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "off: built with sanitizers";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return "off: built with sanitizers";
#endif
#endif
    return {};
}

config::Result<Sandbox> Sandbox::enter(const config::Config& config, const std::set<std::string>& read) {
    const bool all = config.process.sandbox == config::Sandbox::on;
    if (config.process.sandbox == config::Sandbox::off) {
        return Sandbox("off");
    }
    if (const auto never = why_never(); !never.empty()) {
        return all ? config::Result<Sandbox>(config::failure("process.sandbox: on is not possible, " + never)) : Sandbox(never);
    }
    const int landlock = landlock_version();
    const bool seccomp = seccomp_possible();
    if (all && (landlock == 0 || !seccomp)) {
        return config::failure(std::string("this kernel has no ") + (landlock == 0 ? "Landlock" : "seccomp filters for this processor"),
                               "process.sandbox", "with `process.sandbox: auto` Cardea takes what there is");
    }
    if (auto forbidden = forbid_new_privileges(); !forbidden) {
        return tl::unexpected(forbidden.error());
    }
    Sandbox made("no landlock in this kernel");
    if (landlock > 0) {
        made.granted_ = common_grants();
        add_customary(made.granted_);
        for (const auto& place : places_of(config, read)) {
            for (const auto& folder : folders_of(place)) {
                made.granted_[folder].insert(place.access);
            }
        }
        const auto entered = enter_landlock(made.granted_);
        if (!entered && all) {
            return tl::unexpected(entered.error());
        }
        made.files_locked_ = entered.has_value();
        made.state_ = entered ? "landlock " + std::to_string(landlock) : entered.error().what;
    }
    if (seccomp) {
        const auto entered = enter_seccomp();
        if (!entered && all) {
            return tl::unexpected(entered.error());
        }
        made.state_ += entered ? ", seccomp" : ", " + entered.error().what;
    } else {
        made.state_ += ", no seccomp filters in this kernel";
    }
    return made;
}

config::Result<void> Sandbox::admit(const config::Config& next, const std::set<std::string>& read) const {
    if (!files_locked_) {
        return {};
    }
    for (const auto& place : places_of(next, read)) {
        const auto folders = folders_of(place);
        const bool inside = std::ranges::all_of(folders, [&](const auto& folder) { return covers(granted_, folder, place.access); });
        if (folders.empty() || !inside) {
            return config::failure("`" + place.path + "` (" + place.because + ") is outside of what the sandbox of this process reaches: " +
                                   "USR2 starts a new one with this configuration and loses nothing");
        }
    }
    return {};
}

}  // namespace cardea::sandbox
