#pragma once
// A small process beside this one, made before this one locks itself in: it starts successors, which begin as free as we did,
// and ends those that come to nothing. It knows one program with one set of arguments and takes no others; it ends with us.

#include "config/result.hpp"
#include "proxy/net/descriptor.hpp"

#include <string>
#include <vector>

namespace cardea::proxy {

class Launcher {
public:
    /// Forks: before any other thread exists. `program` and `arguments` as for spawn_successor().
    [[nodiscard]] static config::Result<Launcher> beside_us(const std::string& program, const std::vector<std::string>& arguments);
    Launcher(Launcher&&) noexcept = default;
    Launcher& operator=(Launcher&&) noexcept = default;

    [[nodiscard]] const std::string& program() const { return program_; }
    /// Starts a successor, which inherits `channel`. Answers its process id. Waits for the launcher, 5 s at most, as all below.
    [[nodiscard]] config::Result<int> spawn(int channel);
    /// Kills one that was started and is not dead yet.
    void kill(int pid);
    /// How it has ended, `exit code 78`, or nothing while it lives.
    [[nodiscard]] std::string end_of(int pid);

private:
    Launcher(std::string program, net::Descriptor channel) : program_(std::move(program)), channel_(std::move(channel)) {}
    [[nodiscard]] config::Result<std::string> ask(const std::string& order, int descriptor = -1);

    std::string program_{};
    net::Descriptor channel_{};
};

}  // namespace cardea::proxy
