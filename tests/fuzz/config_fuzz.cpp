// Any text as a configuration file: it is read or refused with problems that have a place inside the text, in bounded time;
// what is accepted is accepted again when it stands in another file.
#include "config/load.hpp"
#include "tests/fuzz/reference_reader.hpp"

#include <algorithm>

namespace {

using namespace cardea;
using fuzz::require;

/// A file system with one file of known content and one variable.
class OneFile final : public config::Files {
public:
    config::Result<std::string> read(const std::string& path) override {
        return path == "/secret" ? config::Result<std::string>{"from the file"} : config::failure("no such file");
    }
    config::Result<std::vector<std::string>> glob(const std::string& /*pattern*/) override { return std::vector<std::string>{}; }
    std::optional<std::string> environment(const std::string& name) override {
        return name == "SET" ? std::optional<std::string>{"value"} : std::nullopt;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    OneFile files;
    const auto loaded = config::load_text(text, "fuzz.yaml", files);
    require(loaded.config.has_value() != config::has_errors(loaded.problems), "a configuration or an error");
    const auto lines = 2 + std::ranges::count(text, '\n') + std::ranges::count(text, '\r');
    for (const auto& problem : loaded.problems) {
        require(!problem.what.empty() && !problem.code.empty(), "a problem has words and a code");
        require(problem.origin.line >= 0 && problem.origin.line <= lines, "a problem lies within the text");
    }
    const auto words = config::report(loaded.problems);
    require(loaded.problems.empty() == words.empty(), "problems are reported");
    if (loaded.config) {
        const auto again = config::load_text(text, "fuzz.yaml", files);
        require(again.config.has_value() && *again.config == *loaded.config, "the same text gives the same configuration");
    }
    return 0;
}
