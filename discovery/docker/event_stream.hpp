#pragma once
// Cuts the bytes of an event stream into JSON objects. Docker writes one object a line, but neither a read nor a chunk
// ends where an object does. A value of one owner; O(bytes).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::docker {

class EventStream {
public:
    /// An object longer than `max_object_bytes` is passed over and counted: its labels may be a container's own choice.
    explicit EventStream(std::size_t max_object_bytes = std::size_t{4} << 20U) : max_object_bytes_(max_object_bytes) {}

    /// The objects that these bytes complete, in order. What stands between objects is skipped.
    std::vector<std::string> feed(std::string_view bytes);

    /// Objects lost so far: too long, or cut by a line end inside a string. Who lost one must list again.
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

private:
    void next(char c, std::vector<std::string>& out);
    void drop();

    std::size_t max_object_bytes_;
    std::string object_{};  ///< of the object under way, empty while it is being passed over
    std::size_t depth_{0};  ///< open braces and brackets
    bool in_string_{false};
    bool escaped_{false};
    bool passing_over_{false};
    std::uint64_t lost_{0};
};

}  // namespace cardea::docker
