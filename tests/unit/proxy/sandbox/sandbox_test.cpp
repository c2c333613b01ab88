#include "proxy/sandbox/sandbox.hpp"

#include "proxy/sandbox/privileges.hpp"
#include "proxy/sandbox/seccomp.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

namespace cardea::sandbox {
namespace {

/// A folder of its own that goes away.
class Folder {
public:
    Folder() {
        std::string name = "/tmp/cardea-sandbox-XXXXXX";
        path_ = ::mkdtemp(name.data()) != nullptr ? name : "";
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
    void make(const std::string& name) const { std::filesystem::create_directories(at(name)); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }

private:
    std::string path_{};
};

/// Runs `body` in a process of its own, inside the sandbox of that configuration; what it answers, or why it did not come that far.
std::string inside(const config::Config& config, const std::set<std::string>& read, const std::function<std::string()>& body) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        const auto entered = Sandbox::enter(config, read);
        const std::string said = entered ? body() : entered.error().what;
        (void)!::write(ends[1], said.data(), said.size());
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string said;
    char room[256];
    for (ssize_t n = 0; (n = ::read(ends[0], room, sizeof room)) > 0;) {
        said.append(room, static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? said : "ended by signal " + std::to_string(WTERMSIG(status));
}

/// `open` for reading, or for writing what is not there yet, as the name of the error or `ok`.
std::string opened(const std::string& path, int flags = O_RDONLY) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    return descriptor >= 0 ? "ok" : strerrorname_np(errno);
}

std::string name_of(long result) {
    return result >= 0 ? "ok" : strerrorname_np(errno);
}

config::Config with_state(const Folder& folder) {
    config::Config config;
    config.process.state_dir = folder.at("state");
    config.admin.enabled = false;
    return config;
}

/// Everything below but the first test is about kernels that have both, as every one we support for building has.
bool possible() {
    return why_never().empty() && landlock_version() > 0 && seccomp_possible();
}

TEST(Sandbox, off_and_on_do_what_they_say) {
    config::Config config;
    config.process.sandbox = config::Sandbox::off;
    EXPECT_EQ(Sandbox::enter(config, {})->state(), "off");
    config.process.sandbox = config::Sandbox::on;
    if (!possible()) {
        const auto refused = Sandbox::enter(config, {});
        ASSERT_FALSE(refused);
        EXPECT_FALSE(refused.error().what.empty());
        return;
    }
    EXPECT_EQ(inside(config, {}, [] { return std::string("in"); }), "in");
    config.process.sandbox = config::Sandbox::automatic;
    EXPECT_EQ(inside(config, {},
                     [] {
                         return std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) +
                                std::to_string(::syscall(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0) < 0 ? 1 : 0);
                     }),
              "11");
}

TEST(Sandbox, files_are_reached_where_the_configuration_says_and_nowhere_else) {
    if (!possible()) {
        return;
    }
    const Folder folder;
    for (const char* const name : {"conf", "state", "logs", "other"}) {
        folder.make(name);
    }
    folder.write("conf/cardea.yaml", "x");
    folder.write("other/secret", "x");
    std::filesystem::create_symlink(folder.at("other/secret"), folder.at("conf/link"));
    auto config = with_state(folder);
    config.access_log.output = config::AccessLog::Output::file;
    config.access_log.path = folder.at("logs/access.log");
    const auto look = [&](const std::string& path, int flags = O_RDONLY) {
        return inside(config, {folder.at("conf/cardea.yaml")}, [&] { return opened(path, flags); });
    };
    constexpr int create = O_WRONLY | O_CREAT;
    EXPECT_EQ(look(folder.at("conf/cardea.yaml")), "ok");
    EXPECT_EQ(look(folder.at("conf/cardea.yaml"), O_WRONLY), "EACCES");
    EXPECT_EQ(look(folder.at("conf/new"), create), "EACCES");
    EXPECT_EQ(look(folder.at("conf/link")), "EACCES");
    EXPECT_EQ(look(folder.at("other/secret")), "EACCES");
    EXPECT_EQ(look(folder.at("state/consul.last-good.new"), create), "ok");
    EXPECT_EQ(look(folder.at("logs/access.log"), create | O_APPEND), "ok");
    EXPECT_EQ(look("/etc/shadow"), "EACCES");
    EXPECT_EQ(look("/tmp/cardea-elsewhere", create), "EACCES");
    EXPECT_EQ(look("/proc/self/status"), "ok");
    EXPECT_EQ(look("/dev/null", O_RDWR), "ok");
    EXPECT_EQ(inside(config, {},
                     [&] {
                         (void)opened(folder.at("state/a.new"), create);
                         auto said = name_of(::rename(folder.at("state/a.new").c_str(), folder.at("state/a").c_str()));
                         said += name_of(::unlink(folder.at("state/a").c_str()));
                         return said + name_of(::rename(folder.at("conf/cardea.yaml").c_str(), folder.at("state/b").c_str()));
                     }),
              "okokEACCES");
}

TEST(Sandbox, a_file_behind_a_link_of_the_configuration_is_reached_and_so_is_what_replaces_it) {
    if (!possible()) {
        return;
    }
    const Folder folder;  // as an orchestrator mounts a set of files: each a link through `data`, which is moved to a new folder
    folder.make("conf/2024_1");
    folder.make("secrets");
    folder.write("conf/2024_1/endpoints", "x");
    folder.write("secrets/token", "x");
    std::filesystem::create_symlink("2024_1", folder.at("conf/data"));
    std::filesystem::create_symlink("data/endpoints", folder.at("conf/endpoints"));
    std::filesystem::create_symlink(folder.at("secrets/token"), folder.at("conf/token"));
    const auto config = with_state(folder);
    folder.make("state");
    const auto said = inside(config, {folder.at("conf/endpoints"), folder.at("conf/token")}, [&] {
        return opened(folder.at("conf/endpoints")) + " " + opened(folder.at("conf/token")) + " " + opened(folder.at("conf/2025_2/x"));
    });
    EXPECT_EQ(said, "ok ok ENOENT");
}

TEST(Sandbox, sockets_are_made_where_they_belong) {
    if (!possible()) {
        return;
    }
    const Folder folder;
    folder.make("run");
    folder.make("other");
    config::Config config;
    config.admin.unix_path = folder.at("run/admin.sock");
    const auto bound = [](const std::string& path) {
        sockaddr_un place{};
        place.sun_family = AF_UNIX;
        path.copy(place.sun_path, sizeof place.sun_path - 1);
        const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
        return name_of(::bind(socket, reinterpret_cast<const sockaddr*>(&place), sizeof place));
    };
    EXPECT_EQ(inside(config, {},
                     [&] {
                         auto said = bound(folder.at("run/admin.sock"));
                         said += " " + name_of(::unlink(folder.at("run/admin.sock").c_str()));
                         said += " " + bound(folder.at("run/admin.sock"));
                         said += " " + bound(folder.at("other/admin.sock"));
                         return said + " " + opened(folder.at("run/file"), O_WRONLY | O_CREAT);
                     }),
              "ok ok ok EACCES EACCES");
}

TEST(Sandbox, calls_that_no_proxy_makes_fail) {
    if (!possible()) {
        return;
    }
    const config::Config config;
    const auto call = [&](const std::function<long()>& made) { return inside(config, {}, [&] { return name_of(made()); }); };
    EXPECT_EQ(call([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }), "ENOSYS");
    EXPECT_EQ(call([] { return long{::mount("none", "/tmp", "tmpfs", 0, nullptr)}; }), "ENOSYS");
    EXPECT_EQ(call([] { return long{::execl("/bin/true", "true", nullptr)}; }), "ENOSYS");
#if defined(SYS_fork)
    EXPECT_EQ(call([] { return ::syscall(SYS_fork); }), "ENOSYS");
#endif
    EXPECT_EQ(call([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), "EPERM");
    EXPECT_EQ(call([] { return long{::kill(::getppid(), 0)}; }), "ENOSYS");
    EXPECT_EQ(call([] { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), SIGTERM); }), "EPERM");
    EXPECT_EQ(call([] { return long{::socket(AF_PACKET, SOCK_RAW, 0)}; }), "EAFNOSUPPORT");
    EXPECT_EQ(call([] { return ::syscall(SYS_bpf, 0, nullptr, 0); }), "ENOSYS");
    EXPECT_EQ(call([] { return ::syscall(425, 1, nullptr); }), "ENOSYS") << "io_uring_setup";
    EXPECT_EQ(call([] { return long{::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)}; }), "EINVAL");
    EXPECT_EQ(call([] {
                  void* const page = ::mmap(nullptr, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return page == MAP_FAILED ? -1L : 0L;
              }),
              "EPERM");
    EXPECT_EQ(call([] {
                  void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return long{::mprotect(page, 4096, PROT_READ | PROT_EXEC)};
              }),
              "EPERM");
}

TEST(Sandbox, what_a_proxy_does_still_goes) {
    if (!possible()) {
        return;
    }
    const config::Config config;
    EXPECT_EQ(inside(config, {},
                     [] {
                         std::string said;
                         std::thread([&] { said = "thread"; }).join();
                         const int family[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
                         for (const int one : family) {
                             const int socket = ::socket(one, one == AF_NETLINK ? SOCK_RAW : SOCK_STREAM, 0);
                             said += socket >= 0 || errno == EAFNOSUPPORT ? "+" : "-";
                         }
                         return said;
                     }),
              "thread++++");
    EXPECT_EQ(inside(config, {}, [] { return std::abort(), std::string(); }), "ended by signal 6") << "an assertion still ends it loudly";
}

TEST(Sandbox, a_later_configuration_is_admitted_when_it_stays_inside) {
    if (!possible()) {
        return;
    }
    const Folder folder;
    for (const char* const name : {"conf", "state", "logs", "other"}) {
        folder.make(name);
    }
    auto config = with_state(folder);
    config.access_log.output = config::AccessLog::Output::file;
    config.access_log.path = folder.at("logs/access.log");
    const std::set<std::string> read{folder.at("conf/cardea.yaml")};
    const auto answer = [&](const config::Config& next) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe(ends), 0);
        const pid_t pid = ::fork();
        if (pid == 0) {
            const auto admitted = Sandbox::enter(config, read)->admit(next, read);
            const std::string said = admitted ? "admitted" : admitted.error().what;
            (void)!::write(ends[1], said.data(), said.size());
            ::_exit(0);
        }
        ::close(ends[1]);
        std::string said(4096, '\0');
        said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], said.data(), said.size()))));
        ::close(ends[0]);
        ::waitpid(pid, nullptr, 0);
        return said;
    };
    auto next = config;
    next.access_log.path = folder.at("logs/another.log");
    next.services.push_back({.name = "web", .endpoints = {config::FileRef{folder.at("conf/web.endpoints")}}});
    next.discovery.consul.push_back({.name = "main", .token_file = folder.at("conf/deeper/token")});
    EXPECT_EQ(answer(next), "admitted");
    next.services[0].endpoints = {config::FileRef{folder.at("other/web.endpoints")}};
    EXPECT_EQ(answer(next), "`" + folder.at("other/web.endpoints") +
                                "` (services.web) is outside of what the sandbox of this process reaches: USR2 starts a new one with this "
                                "configuration and loses nothing");
    next = config;
    next.access_log.path = folder.at("conf/access.log");
    EXPECT_NE(answer(next).find("(access_log)"), std::string::npos) << "to read is not to write";
    next = config;
    next.admin.enabled = true;
    next.admin.unix_path = folder.at("logs/admin.sock");
    EXPECT_NE(answer(next).find("(admin.address)"), std::string::npos);
    next = config;
    next.journal.path = "/journal";
    EXPECT_NE(answer(next).find("(journal.file)"), std::string::npos) << "the root folder is never opened up";
}

TEST(Places, are_all_that_the_configuration_names) {
    config::Config config;
    config.process.state_dir = "/s";
    config.listeners.push_back({.name = "web", .address = *config::parse_listen_address("unix:/l/web.sock")});
    config.discovery.consul.push_back({.name = "c", .token_file = "/t/token", .tls = {.enabled = true, .ca = "/ca/ca.pem"}});
    config.discovery.docker.push_back({.name = "d", .tls = {.enabled = true, .cert = "/dc/cert.pem", .key = "/dk/key.pem"}});
    config.services.push_back({.name = "w", .endpoints = {config::FileRef{"/f/endpoints"}}});
    config.admin.unix_path = "/a/admin.sock";
    config.access_log = {.output = config::AccessLog::Output::file, .path = "/g/access.log"};
    config.journal.path = "/j/journal";
    std::string text;
    for (const auto& place : places_of(config, {"/c/cardea.yaml"})) {
        text += std::string(place.access == Access::read ? "r" : place.access == Access::write ? "w" : "s") + place.path + " ";
    }
    EXPECT_EQ(text,
              "r/c/cardea.yaml w/s s/l/web.sock r/t/token r/ca/ca.pem r/dc/cert.pem r/dk/key.pem r/f/endpoints s/a/admin.sock "
              "w/g/access.log w/j/journal ");
    config.access_log.output = config::AccessLog::Output::standard_output;
    config.admin.enabled = false;
    EXPECT_EQ(places_of(config, {}).size(), 8U);
}

TEST(Places, folders_follow_links_and_stop_at_the_root) {
    const Folder folder;
    folder.make("real");
    folder.write("real/file", "x");
    std::filesystem::create_symlink(folder.at("real/file"), folder.at("link"));
    const std::string base = std::filesystem::canonical(folder.at("real")).parent_path();
    EXPECT_EQ(folders_of({Access::read, folder.at("link"), false, ""}), (std::vector<std::string>{base, base + "/real"}));
    EXPECT_EQ(folders_of({Access::read, folder.at("gone/deeper/file"), false, ""}), std::vector<std::string>{base});
    EXPECT_EQ(folders_of({Access::write, folder.at("real"), true, ""}), std::vector<std::string>{base + "/real"});
    EXPECT_EQ(folders_of({Access::read, "/gone-and-never-there", false, ""}), std::vector<std::string>{});
}

TEST(Seccomp, the_program_is_one_the_kernel_takes) {
    const auto program = seccomp_program(7);
    EXPECT_LT(program.size(), 4096U);
    EXPECT_EQ(program.back().code, BPF_RET | BPF_K);
}

TEST(Account, is_found_by_name_and_by_number_or_refused) {
    config::Config config;
    config.process.user = "nobody";
    const auto nobody = find_account(config);
    ASSERT_TRUE(nobody);
    EXPECT_NE(nobody->uid, 0U);
    config.process.user = "65532";
    config.process.group = "65533";
    const auto number = find_account(config);
    ASSERT_TRUE(number);
    EXPECT_EQ(number->uid, 65532U);
    EXPECT_EQ(number->gid, 65533U);
    config.process.user = "no-such-user";
    EXPECT_EQ(find_account(config).error().what, "there is no user `no-such-user`");
    config.process.user = "nobody";
    config.process.group = "no-such-group";
    EXPECT_EQ(find_account(config).error().what, "there is no group `no-such-group`");
}

TEST(Account, has_the_groups_of_the_sources_sockets) {
    if (::geteuid() != 0) {
        return;  // only root can give a file to another group
    }
    const Folder folder;
    folder.write("docker.sock", "");
    folder.write("closed.sock", "");
    ASSERT_EQ(::chown(folder.at("docker.sock").c_str(), 0, 4711), 0);
    ASSERT_EQ(::chown(folder.at("closed.sock").c_str(), 0, 4712), 0);
    ::chmod(folder.at("docker.sock").c_str(), 0660);
    ::chmod(folder.at("closed.sock").c_str(), 0640);
    config::Config config;
    config.process.user = "65532";
    for (const char* const name : {"docker.sock", "closed.sock"}) {
        config.discovery.docker.push_back({.name = name, .endpoint = *config::parse_address("unix:" + folder.at(name))});
    }
    EXPECT_EQ(find_account(config)->groups, std::vector<unsigned>{4711});
}

}  // namespace
}  // namespace cardea::sandbox
