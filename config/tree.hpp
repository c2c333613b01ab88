#pragma once
// A configuration text as a tree with the place of every node: what parse_yaml makes and the readers read. Plain values.

#include "config/config.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace cardea::config {

/// Where something stands: 1-based, columns count characters, `width` is what a caret line underlines.
struct Place {
    int line{0};
    int column{0};
    std::size_t width{1};
};

struct Node {
    enum class Kind : std::uint8_t { null, scalar, list, map };
    struct Entry {
        const Node* key{nullptr};  ///< always a scalar
        const Node* value{nullptr};
    };
    Kind kind{Kind::null};
    Place place{};
    std::string text{};                ///< Kind::scalar
    std::vector<const Node*> items{};  ///< Kind::list
    std::vector<Entry> entries{};      ///< Kind::map, in the order written, no key twice
    std::size_t weight{1};             ///< how many nodes it is with everything in it, those behind aliases counted each time
    bool damaged{false};               ///< Kind::map: some entries were refused
};

/// Owns its nodes. A node may be reached more than once (aliases) but never from itself.
struct Tree {
    std::deque<Node> nodes{};
    bool cut_short{false};      ///< reading ended at a fault: what is missing may stand behind it
    const Node* root{nullptr};  ///< null for an empty text or one that is not YAML
};

/// Places of values that are cross-checked later, by path: `services.web.endpoints.0`, `routes.3.service`. A part that could
/// not be read whole has `.incomplete` behind its path, so that nobody complains of what is missing in it.
using Marks = std::map<std::string, Place, std::less<>>;

}  // namespace cardea::config
