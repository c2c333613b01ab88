#pragma once
// Starting this program anew, as it lies on the disk now. Control thread.

#include "config/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cardea::proxy {

/// The environment variable that names the descriptor of the hand-over.
inline constexpr const char* handover_variable = "CARDEA_HANDOVER";

/// Where a later version of this program will lie: what `argument0` leads to when that is this very program (so that a
/// symbolic link may be pointed elsewhere), else the file that runs. Called at start, before anything is replaced.
[[nodiscard]] std::string path_of_program(std::string_view argument0);

/// Starts `program` with these arguments (the first is the program's name). It inherits standard input, output and error,
/// the environment, and `channel`, nothing else. Answers its process id.
[[nodiscard]] config::Result<int> spawn_successor(const std::string& program, const std::vector<std::string>& arguments, int channel);

/// How a child has ended, `exit code 78`, or nothing while it lives.
[[nodiscard]] std::string end_of_child(int pid);

}  // namespace cardea::proxy
