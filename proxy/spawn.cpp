#include "proxy/spawn.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace cardea::proxy {

namespace {

constexpr int channel_number = 3;  // in the new process

/// posix_spawn's two sheets of instructions, freed on every way out.
struct SpawnSheets {
    SpawnSheets() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    ~SpawnSheets() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnSheets(const SpawnSheets&) = delete;
    SpawnSheets& operator=(const SpawnSheets&) = delete;
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

std::vector<std::string> environment_of_successor() {
    std::string ours(handover_variable);
    ours.push_back('=');
    std::vector<std::string> variables;
    for (char** one = environ; *one != nullptr; ++one) {
        if (!std::string_view(*one).starts_with(ours)) {
            variables.emplace_back(*one);
        }
    }
    variables.push_back(ours + std::to_string(channel_number));
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> made(texts.size() + 1, nullptr);
    std::ranges::transform(texts, made.begin(), [](std::string& text) { return text.data(); });
    return made;
}

std::string found_on_path(std::string_view name) {
    const char* const path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        const auto colon = rest.find(':');
        const auto candidate = std::filesystem::path(rest.substr(0, colon)) / name;
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
        rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
    return {};
}

}  // namespace

std::string path_of_program(std::string_view argument0) {
    std::error_code error;
    const auto running = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::string named = argument0.find('/') == std::string_view::npos ? found_on_path(argument0) : std::string(argument0);
    if (!named.empty() && std::filesystem::equivalent(named, "/proc/self/exe", error)) {
        return std::filesystem::absolute(named, error);
    }
    return running;
}

config::Result<int> spawn_successor(const std::string& program, const std::vector<std::string>& arguments, int channel) {
    SpawnSheets sheets;
    ::posix_spawn_file_actions_adddup2(&sheets.actions, channel, channel_number);
    ::posix_spawn_file_actions_addclosefrom_np(&sheets.actions, channel_number + 1);
    sigset_t none{};
    sigset_t all{};
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&sheets.attributes, &none);
    ::posix_spawnattr_setsigdefault(&sheets.attributes, &all);
    ::posix_spawnattr_setflags(&sheets.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    auto words = arguments;
    auto variables = environment_of_successor();
    pid_t pid = -1;
    const int error =
        ::posix_spawn(&pid, program.c_str(), &sheets.actions, &sheets.attributes, pointers(words).data(), pointers(variables).data());
    if (error != 0) {
        return config::failure("`" + program + "` cannot be started: " + std::generic_category().message(error));
    }
    return pid;
}

std::string end_of_child(int pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != pid) {
        return {};
    }
    return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status)) : "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace cardea::proxy
