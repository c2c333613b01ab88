#pragma once
// Command-line arguments of the load tools: `--key VALUE` pairs and bare words, durations with units. The tools must link
// statically and stay small enough to be a container image, so they take nothing from the rooms. One thread.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::load {

/// What the person at the terminal has to mend; main prints it and exits with 2.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Arguments {
public:
    /// `known` lists the options that take a value, `flags` those that do not. Throws UsageError on any other.
    Arguments(int count, char** values, const std::vector<std::string_view>& known, const std::vector<std::string_view>& flags);

    [[nodiscard]] bool has(std::string_view key) const { return values_.contains(std::string(key)); }
    [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise) const;   ///< the last one given
    [[nodiscard]] std::vector<std::string> all(std::string_view key) const;                   ///< in the order given
    [[nodiscard]] std::uint64_t number(std::string_view key, std::uint64_t otherwise) const;  ///< `10`, `10k`, `10m` (powers of 1000)
    [[nodiscard]] std::chrono::nanoseconds duration(std::string_view key,
                                                    std::chrono::nanoseconds otherwise) const;  ///< `3s`, `20ms`, `5us`, `1m`
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

private:
    std::map<std::string, std::vector<std::string>> values_;
    std::vector<std::string> words_;
};

/// Decimal digits only; nothing on overflow or anything else.
std::optional<std::uint64_t> parse_number(std::string_view digits);

}  // namespace cardea::load
