#pragma once
// The sandbox of the process: what is granted, what is in force, and whether a later configuration fits in. Entered at the
// start, while there is one thread; there is no way out. Control thread afterwards.

#include "config/config.hpp"
#include "config/result.hpp"
#include "proxy/sandbox/landlock.hpp"

#include <set>
#include <string>

namespace cardea::sandbox {

class Sandbox {
public:
    /// Nothing is locked in, and `why` says so.
    explicit Sandbox(std::string why) : state_(std::move(why)) {}
    Sandbox() : Sandbox("off") {}

    /// Locks the process in, as far as the kernel offers it; with `process.sandbox: on` as far as Cardea knows it, or fails. `read`
    /// as in places_of().
    [[nodiscard]] static config::Result<Sandbox> enter(const config::Config& config, const std::set<std::string>& read);

    /// In force, for people: `landlock 6, seccomp`.
    [[nodiscard]] const std::string& state() const { return state_; }

    /// Fails when the configuration names a place that was not granted at the start.
    [[nodiscard]] config::Result<void> admit(const config::Config& next, const std::set<std::string>& read) const;

private:
    std::string state_{};
    bool files_locked_{false};
    Grants granted_{};
};

/// Why this program is never locked in, empty when it can be: the sanitizers' own work needs what the sandbox forbids.
[[nodiscard]] std::string why_never();

}  // namespace cardea::sandbox
