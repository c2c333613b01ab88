#pragma once
// From a file to a Config in one call: read, parse, validate. Every problem of one run is found, none throws.
// Control thread or command line; 10 000 routes take about a second.

#include "config/config.hpp"
#include "config/files.hpp"
#include "config/problem.hpp"

#include <optional>
#include <string>

namespace cardea::config {

struct Loaded {
    std::optional<Config> config{};  ///< set when there is no error; warnings may stand beside it
    Problems problems{};
};

/// `path` is what problems show as their file; relative paths inside the file are as the process sees them.
Loaded load_file(const std::string& path, Files& files);
/// The same for a text at hand.
Loaded load_text(std::string_view text, const std::string& file, Files& files);
/// For a Config built without a file (command line): defaults filled in, cross-checked.
Loaded load_config(Config config, Files& files);

}  // namespace cardea::config
