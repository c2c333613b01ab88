#pragma once
// A path as routes see it. Only for matching: what goes upstream are the bytes received. No allocation below 2 KiB, and none
// at all for a path that is normal already. Lives on the stack of one look-up.

#include <array>
#include <string>
#include <string_view>

namespace cardea::route {

/// RFC 3986 section 6.2.2 and nginx's merging of slashes:
/// `%41` is `A` where the character is unreserved, any other escape stays with its digits in upper case, so `%2F` and `%5C`
/// are data and never borders; `//` is `/`; then `.` and `..` segments are removed, also those written as `%2e`, and what
/// would climb above the root stays there. An empty path is `/`; one that does not begin with `/` (`*`) stays as it is.
class NormalPath {
public:
    explicit NormalPath(std::string_view received);
    NormalPath(const NormalPath&) = delete;
    NormalPath& operator=(const NormalPath&) = delete;
    [[nodiscard]] std::string_view text() const { return text_; }

private:
    std::array<char, 2048> room_;
    std::string long_room_;
    std::string_view text_;
};

}  // namespace cardea::route
