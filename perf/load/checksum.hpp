#pragma once
// FNV-1a of 64 bits: what origin answers about a body at `/key/`, and what steady expects of it. One thread.

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::load {

class Checksum {
public:
    void add(std::string_view bytes) {
        for (const char byte : bytes) {
            value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
        }
    }
    /// 16 hexadecimal digits.
    [[nodiscard]] std::string text() const {
        std::array<char, 16> digits;
        const std::string_view found(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value_, 16).ptr);
        return std::string(digits.size() - found.size(), '0') + std::string(found);
    }

private:
    std::uint64_t value_{0xcbf29ce484222325ULL};
};

}  // namespace cardea::load
