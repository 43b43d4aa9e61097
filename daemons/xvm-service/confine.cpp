// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-service/confine.hpp"

#include "libvmshare/base/file.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <memory>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xvm::service {
namespace {

constexpr rlim_t memory_bytes = 1ULL << 30;
constexpr rlim_t file_bytes = 256ULL << 20;
constexpr rlim_t files = 64;

tl::unexpected<Error> cannot(int error_number, const char* what) {
    return fail_errno(error_number, "confinement", what, "the service does not run without it");
}

Status drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> none{};
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        return cannot(errno, "cannot give up capabilities");
    if (::syscall(SYS_capset, &header, none.data()) != 0) return cannot(errno, "cannot give up capabilities");
    return {};
}

bool limit(__rlimit_resource_t what, rlim_t most) {
    const rlimit value{most, most};
    return ::setrlimit(what, &value) == 0;
}

/// Sanitizers reserve far more than they use.
bool limit_memory() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return limit(RLIMIT_AS, memory_bytes);
#endif
}

/// False: this kernel has no Landlock.
Result<bool> keep_to(const std::string& directory) {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return false;
    constexpr std::uint64_t own = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                                  LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                  LANDLOCK_ACCESS_FS_MAKE_REG;
    constexpr std::uint64_t all = own | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
    landlock_ruleset_attr rules{};
    rules.handled_access_fs = all;
    const Unique_fd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
    if (!ruleset) return cannot(errno, "cannot keep to its directory");
    XVM_TRY_LET(const Unique_fd place, open_file(directory, O_PATH | O_DIRECTORY));
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = own;
    beneath.parent_fd = place.get();
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0 ||
        ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return cannot(errno, "cannot keep to its directory");
    return true;
}

/// What SQLite, the allocator and an orderly end need; everything else is EPERM.
constexpr std::array allowed_calls{SCMP_SYS(read),
                                   SCMP_SYS(write),
                                   SCMP_SYS(pread64),
                                   SCMP_SYS(pwrite64),
                                   SCMP_SYS(writev),
                                   SCMP_SYS(lseek),
                                   SCMP_SYS(openat),
                                   SCMP_SYS(close),
                                   SCMP_SYS(fstat),
                                   SCMP_SYS(stat),
                                   SCMP_SYS(lstat),
                                   SCMP_SYS(newfstatat),
                                   SCMP_SYS(statx),
                                   SCMP_SYS(access),
                                   SCMP_SYS(faccessat),
                                   SCMP_SYS(faccessat2),
                                   SCMP_SYS(fcntl),
                                   SCMP_SYS(fsync),
                                   SCMP_SYS(fdatasync),
                                   SCMP_SYS(ftruncate),
                                   SCMP_SYS(unlink),
                                   SCMP_SYS(rename),
                                   SCMP_SYS(readlink),
                                   SCMP_SYS(getcwd),
                                   SCMP_SYS(munmap),
                                   SCMP_SYS(mremap),
                                   SCMP_SYS(madvise),
                                   SCMP_SYS(brk),
                                   SCMP_SYS(poll),
                                   SCMP_SYS(ppoll),
                                   SCMP_SYS(futex),
                                   SCMP_SYS(clock_gettime),
                                   SCMP_SYS(gettimeofday),
                                   SCMP_SYS(clock_nanosleep),
                                   SCMP_SYS(nanosleep),
                                   SCMP_SYS(getrandom),
                                   SCMP_SYS(rt_sigaction),
                                   SCMP_SYS(rt_sigprocmask),
                                   SCMP_SYS(rt_sigreturn),
                                   SCMP_SYS(sigaltstack),
                                   SCMP_SYS(restart_syscall),
                                   SCMP_SYS(exit),
                                   SCMP_SYS(exit_group),
                                   SCMP_SYS(getpid),
                                   SCMP_SYS(gettid),
                                   SCMP_SYS(getuid),
                                   SCMP_SYS(geteuid),
                                   SCMP_SYS(sched_yield),
                                   SCMP_SYS(fchmod),
                                   SCMP_SYS(sysinfo)};

Status filter_calls() {
    const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                   &seccomp_release);
    if (filter == nullptr) return cannot(ENOMEM, "cannot filter system calls");
    int wrong = 0;
    for (const int call : allowed_calls)
        if (wrong == 0) wrong = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
    // Memory that could be run is none of it; and it may end itself, nobody else.
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
        if (wrong == 0)
            wrong = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (wrong == 0)
        wrong = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                 SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
    if (wrong == 0) wrong = seccomp_load(filter.get());
    return wrong == 0 ? Status{} : cannot(-wrong, "cannot filter system calls");
}

} // namespace

Result<std::vector<std::string>> confine(const std::string& directory) {
    std::vector<std::string> holds;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return cannot(errno, "cannot give up privileges");
    const bool limited = limit_memory() && limit(RLIMIT_FSIZE, file_bytes) && limit(RLIMIT_NOFILE, files) &&
                         limit(RLIMIT_CORE, 0);
    if (limited) holds.emplace_back("memory");
    XVM_TRY_LET(const bool kept, keep_to(directory));
    if (kept) holds.emplace_back("files");
    XVM_TRY(drop_capabilities());
    holds.emplace_back("capabilities");
    XVM_TRY(filter_calls());
    holds.emplace_back("system calls");
    return holds;
}

} // namespace xvm::service
