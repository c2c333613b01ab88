#pragma once
// How far the answers to one query can be believed when they lack something. Pure value; control thread.
// Consul answers `200 []` when it has lost its data or we our rights, so emptiness alone proves nothing.

#include "config/units.hpp"
#include "discovery/action.hpp"

#include <cstdint>

namespace cardea::consul {

/// What one complete answer shows besides its entries.
struct Signs {
    std::uint64_t index{0};               ///< X-Consul-Index; 0 when missing or unusable
    bool known_leader{true};              ///< X-Consul-KnownLeader
    config::Duration last_contact{0};     ///< X-Consul-LastContact: since that server heard the leader
    bool rights_in_doubt{false};          ///< filtered by ACLs
    bool empty{false}, was_empty{false};  ///< entries in this answer and in the one before
};

class Standing {
public:
    /// No answer, or an error: the next answer is the first one after trouble.
    void trouble() { after_trouble_ = true; }
    /// Another query to the same source has shown instances: its data is not lost, or not any more.
    void source_has_data() { data_lost_ = false; }
    discovery::Evidence judge(const Signs& signs, config::TimePoint now);
    /// The server that answered knows a leader and has heard of it lately.
    [[nodiscard]] static bool in_touch(const Signs& signs);

private:
    bool after_trouble_{true};  ///< also before the first answer: somebody else may have known more
    bool answered_{false};      ///< at all
    bool data_lost_{false};     ///< and nothing has come back yet
    std::uint64_t last_index_{0};
    config::TimePoint settled_at_{};
};

}  // namespace cardea::consul
