#pragma once
// The sources of a configuration, each a provider with its driver: started, restarted and ended as the configuration
// says, with what each has said of itself. Control thread.

#include "config/config.hpp"
#include "config/files.hpp"
#include "proxy/control/file_watcher.hpp"
#include "proxy/control/provider_driver.hpp"
#include "proxy/control/views.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cardea::control {

class SourceSet {
public:
    struct Callbacks {
        std::function<void(std::string_view source, discovery::Publish)> publish{};
        /// Connected or synced is not what it was.
        std::function<void(const SourceView& before, const SourceView& now)> changed{};
        std::function<std::vector<std::string>(std::string_view source)> wanted{};  ///< asked when a source starts and at configure()
    };
    struct World {
        Loop& loop;
        Outbound& outbound;
        FileWatcher& watcher;
        config::Files& files;
        std::vector<config::IpAddress> local_addresses;
        std::uint64_t seed;
    };

    SourceSet(World world, Callbacks callbacks) : world_(std::move(world)), callbacks_(std::move(callbacks)) {}

    /// A source whose settings are the same goes on; a changed one starts anew while its facts stay in force.
    void configure(const config::Config& config);
    /// Ends all of them.
    void stop();

    /// All but the `excused`, by name.
    [[nodiscard]] bool all_synced(const std::set<std::string>& excused) const;
    /// Without the counts of services and endpoints, which the pipeline knows. Static endpoints are no source to look at.
    [[nodiscard]] std::vector<SourceView> view(config::TimePoint now) const;
    /// Answers so far that were longer than `discovery.max_answer`.
    [[nodiscard]] std::uint64_t answers_too_long() const { return answers_too_long_; }

private:
    struct Source {
        std::variant<config::ConsulSource, config::DockerSource, std::string, std::vector<config::StaticEndpoint>> settings{};
        SourceView view{};
        bool shown{true};
        config::TimePoint begun{};
        std::optional<config::TimePoint> heard{};
        std::unique_ptr<ProviderDriver> driver{};
    };

    void begin(const std::string& key, Source source, std::unique_ptr<discovery::Provider> provider, std::vector<Place> peers);
    void on_status(const std::string& key, discovery::SourceStatus status);
    std::unique_ptr<discovery::Provider> make(const std::string& key, Source& source, std::vector<Place>& peers);

    World world_;
    Callbacks callbacks_;
    std::map<std::string, Source> sources_{};
    std::uint64_t longest_answer_{discovery::answer_bytes_max};
    std::uint64_t answers_too_long_{0};
};

}  // namespace cardea::control
