#pragma once
// Performs what one provider asks of the world and tells it what came of it: the only bridge between the pure machines of
// discovery/ and sockets, timers and files. Control thread only.

#include "discovery/provider.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/control/outbound.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cardea::control {

class ProviderDriver {
public:
    struct Callbacks {
        std::function<void(discovery::Publish)> publish{};
        std::function<void(discovery::SourceStatus)> status{};
        std::function<void()> heard{};     ///< a sign of life of the source: a complete answer, or bytes of a stream
        std::function<void()> too_long{};  ///< an answer was not taken because it is
    };
    /// `peers` are the source's addresses; gzip is offered to those that are not on this machine. `loop` and `outbound`
    /// outlive the driver. Nothing happens before start().
    ProviderDriver(Loop& loop, Outbound& outbound, std::unique_ptr<discovery::Provider> provider, std::vector<Place> peers,
                   Callbacks callbacks);
    ~ProviderDriver();  ///< ends whatever is under way
    ProviderDriver(const ProviderDriver&) = delete;
    ProviderDriver& operator=(const ProviderDriver&) = delete;

    void start();
    /// From the next request on no answer may be longer, unpacked.
    void limit_answers(std::uint64_t bytes);
    /// Wanted, when the list is not the one told last.
    void want(std::vector<std::string> queries);
    void file_changed(const discovery::FileChanged& event);
    [[nodiscard]] std::string_view source() const;

private:
    class Performer;
    std::shared_ptr<Performer> performer_;
};

}  // namespace cardea::control
