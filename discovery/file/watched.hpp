#pragma once
// `file://PATH` as a provider: what the file says now is the whole truth; while it is missing, what it said last.

#include "discovery/provider.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cardea::file {

class Watched final : public discovery::Provider {
public:
    explicit Watched(std::string path);
    [[nodiscard]] std::string_view source() const override { return source_; }
    discovery::Actions step(const discovery::Event& event, config::TimePoint now) override;

private:
    void changed(const discovery::FileChanged& file, discovery::Actions& actions);

    std::string path_, source_;
    bool published_{false};
    std::vector<discovery::Fact> facts_{};
    std::uint64_t times_missing_{0}, lines_refused_{0};
};

}  // namespace cardea::file
