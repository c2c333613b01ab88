#include "proxy/sandbox/seccomp.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <system_error>
#include <utility>

namespace cardea::sandbox {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t this_processor = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_processor = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t this_processor = 0;
#endif

/// Always allowed. Those of a request come first: a kernel before 5.11 walks the table for each call.
constexpr auto plain_calls = std::to_array<std::uint32_t>({
    __NR_recvfrom,
    __NR_sendmsg,
    __NR_writev,
    __NR_write,
    __NR_read,
    __NR_epoll_pwait,
    __NR_sendto,
    __NR_recvmsg,
    __NR_accept4,
    __NR_close,
    __NR_epoll_ctl,
    __NR_connect,
    __NR_getsockopt,
    __NR_setsockopt,
    __NR_shutdown,
    __NR_splice,
    __NR_futex,
    __NR_clock_gettime,
#if defined(__x86_64__)
    __NR_epoll_wait,
    __NR_poll,
    __NR_select,
    __NR_pipe,
    __NR_open,
    __NR_stat,
    __NR_lstat,
    __NR_access,
    __NR_readlink,
    __NR_mkdir,
    __NR_unlink,
    __NR_rename,
    __NR_chmod,
    __NR_dup2,
    __NR_time,
    __NR_getdents,
    __NR_getrlimit,
    __NR_setrlimit,
    __NR_epoll_create,
    __NR_eventfd,
    __NR_inotify_init,
    __NR_arch_prctl,
#endif
    // sockets and waiting
    __NR_bind,
    __NR_listen,
    __NR_accept,
    __NR_getsockname,
    __NR_getpeername,
    __NR_socketpair,
    __NR_sendmmsg,
    __NR_recvmmsg,
    __NR_readv,
    __NR_epoll_create1,
    __NR_eventfd2,
    __NR_ppoll,
    __NR_pselect6,
    __NR_pipe2,
    __NR_tee,
    __NR_sendfile,
    __NR_timerfd_create,
    __NR_timerfd_settime,
    __NR_timerfd_gettime,
    __NR_signalfd4,
    441 /* epoll_pwait2 */,
    // files
    __NR_openat,
    __NR_fstat,
    __NR_newfstatat,
    __NR_statx,
    __NR_fstatfs,
    __NR_statfs,
    __NR_lseek,
    __NR_pread64,
    __NR_pwrite64,
    __NR_preadv,
    __NR_pwritev,
    __NR_preadv2,
    __NR_pwritev2,
    __NR_fsync,
    __NR_fdatasync,
    __NR_fallocate,
    __NR_ftruncate,
    __NR_truncate,
    __NR_fcntl,
    __NR_flock,
    __NR_dup,
    __NR_dup3,
    __NR_faccessat,
    439 /* faccessat2 */,
    __NR_readlinkat,
    __NR_getdents64,
    __NR_getcwd,
    __NR_mkdirat,
    __NR_unlinkat,
    __NR_renameat,
    __NR_renameat2,
    __NR_fchmod,
    __NR_fchmodat,
    __NR_umask,
    __NR_fadvise64,
    __NR_utimensat,
    436 /* close_range */,
    __NR_inotify_init1,
    __NR_inotify_add_watch,
    __NR_inotify_rm_watch,
    // memory and threads
    __NR_brk,
    __NR_munmap,
    __NR_mremap,
    __NR_madvise,
    __NR_mincore,
    __NR_membarrier,
    __NR_set_robust_list,
    __NR_get_robust_list,
    __NR_rseq,
    __NR_set_tid_address,
    __NR_exit,
    __NR_exit_group,
    __NR_sched_yield,
    __NR_sched_getaffinity,
    __NR_sched_setaffinity,
    __NR_sched_getparam,
    __NR_sched_getscheduler,
    __NR_getcpu,
    __NR_gettid,
    __NR_getpid,
    __NR_getppid,
    449 /* futex_waitv */,
    454 /* futex_wake */,
    455 /* futex_wait */,
    // signals, time, what the process may know of itself
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
    __NR_rt_sigtimedwait,
    __NR_rt_sigpending,
    __NR_rt_sigsuspend,
    __NR_sigaltstack,
    __NR_restart_syscall,
    __NR_nanosleep,
    __NR_clock_nanosleep,
    __NR_clock_getres,
    __NR_gettimeofday,
    __NR_getrandom,
    __NR_getrusage,
    __NR_sysinfo,
    __NR_uname,
    __NR_times,
    __NR_getuid,
    __NR_geteuid,
    __NR_getgid,
    __NR_getegid,
    __NR_getgroups,
    __NR_getresuid,
    __NR_getresgid,
});

enum class Test : std::uint8_t { one_of, all_of_these_bits, not_all_of_these_bits };

/// Allowed when the lower half of an argument passes; else it fails with `error`.
struct CallWithTest {
    std::uint32_t number;
    unsigned argument;
    Test test;
    std::initializer_list<std::uint32_t> values;
    int error;
};

class Program {
public:
    Program() {
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
        add(BPF_JMP | BPF_JEQ | BPF_K, this_processor, 1, 0);
        add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);  // a 32-bit call: no part of this program makes one
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
    }

    void allow(std::uint32_t number) {
        add(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
        add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }

    void allow(const CallWithTest& call) {
        const std::size_t skip = instructions_.size();
        add(BPF_JMP | BPF_JEQ | BPF_K, call.number, 0, 0);
        add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offsetof(seccomp_data, args) + call.argument * sizeof(std::uint64_t)));
        for (const std::uint32_t value : call.values) {
            if (call.test == Test::one_of) {
                add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
                add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
                continue;
            }
            const bool wanted = call.test == Test::all_of_these_bits;
            add(BPF_ALU | BPF_AND | BPF_K, value);
            add(BPF_JMP | BPF_JEQ | BPF_K, value, wanted ? 0 : 1, wanted ? 1 : 0);
            add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        }
        refuse(call.error);
        instructions_[skip].jf = static_cast<std::uint8_t>(instructions_.size() - skip - 1);
    }

    void refuse(int error) { add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)); }

    std::vector<sock_filter> take() { return std::move(instructions_); }

private:
    void add(unsigned code, std::uint32_t value, std::uint8_t on_true = 0, std::uint8_t on_false = 0) {
        instructions_.push_back({static_cast<std::uint16_t>(code), on_true, on_false, value});
    }
    std::vector<sock_filter> instructions_{};
};

}  // namespace

std::vector<sock_filter> seccomp_program(std::uint32_t pid) {
    constexpr std::uint32_t thread = 0x00010000;  // CLONE_THREAD: a thread of this process, not another process
    constexpr std::uint32_t written_and_run = PROT_WRITE | PROT_EXEC, run = PROT_EXEC;
    const std::initializer_list<CallWithTest> tested = {
        {__NR_socket, 0, Test::one_of, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}, EAFNOSUPPORT},
        {__NR_mmap, 2, Test::not_all_of_these_bits, {written_and_run}, EPERM},
        {__NR_mprotect, 2, Test::not_all_of_these_bits, {run}, EPERM},
        {__NR_clone, 0, Test::all_of_these_bits, {thread}, EPERM},
        {__NR_tgkill, 0, Test::one_of, {pid}, EPERM},
        {__NR_prlimit64, 0, Test::one_of, {0, pid}, EPERM},
        {__NR_prctl, 0, Test::one_of, {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS}, EINVAL},
        {__NR_ioctl,
         1,
         Test::one_of,
         {FIONBIO, FIONREAD, SIOCOUTQ, FIOCLEX, SIOCATMARK, SIOCGIFINDEX, SIOCGIFNAME, TCGETS, TIOCGWINSZ},
         ENOTTY},
    };
    Program program;
    for (const std::uint32_t number : plain_calls) {
        program.allow(number);
    }
    for (const auto& call : tested) {
        program.allow(call);
    }
    program.refuse(ENOSYS);
    return program.take();
}

bool seccomp_possible() {
    const std::uint32_t action = SECCOMP_RET_ERRNO;
    return this_processor != 0 && ::syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0;
}

config::Result<void> enter_seccomp() {
    auto instructions = seccomp_program(static_cast<std::uint32_t>(::getpid()));
    const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
    // Without SPEC_ALLOW an older kernel would make every system call slower, as if we ran code of strangers.
    const long done =
        ::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
    if (done != 0) {
        return config::failure(
            "seccomp: " + (done > 0 ? "thread " + std::to_string(done) + " cannot be locked in" : std::generic_category().message(errno)));
    }
    return {};
}

}  // namespace cardea::sandbox
