// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/service_process.hpp"

#include "libvmshare/base/file.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xvm::xvmd {
namespace {

/// What the process finds open: daemons/xvm-service/serve.hpp names them.
constexpr int first_fd = 3;
constexpr int above_all = 10; // and below this none of ours lies

tl::unexpected<Error> cannot(const std::string& what) {
    return fail_errno(errno, "management service", what);
}

Result<Unique_fd> shared_memory() {
    Unique_fd memory(::memfd_create("xvm-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory || ::ftruncate(memory.get(), XVM_CHANNEL_REGION_BYTES) != 0)
        return cannot("cannot make its channel");
    // Memory that was cut off would be SIGBUS here.
    if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return cannot("cannot seal its channel");
    return memory;
}

/// As high that it is none of those that the process gets.
Result<Unique_fd> high(int fd) {
    Unique_fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, above_all));
    if (!copy) return cannot("cannot hand its channel over");
    return copy;
}

Result<Unique_fd> event() {
    Unique_fd made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!made) return cannot("cannot make its channel");
    return made;
}

/// Frees what posix_spawn is told by.
struct Spawn_rules {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
    Spawn_rules() {
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawnattr_init(&attributes);
    }
    Spawn_rules(const Spawn_rules&) = delete;
    Spawn_rules& operator=(const Spawn_rules&) = delete;
    ~Spawn_rules() {
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&attributes);
    }
};

} // namespace

void Service_process::Unmap::operator()(std::byte* memory) const noexcept {
    ::munmap(memory, XVM_CHANNEL_REGION_BYTES);
}

Result<std::unique_ptr<Service_process>> Service_process::start(const std::string& program,
                                                                const std::string& directory) {
    XVM_TRY(make_directories(directory, 0700));
    XVM_TRY_LET(const Unique_fd memory, shared_memory());
    void* const mapped =
        ::mmap(nullptr, XVM_CHANNEL_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (mapped == MAP_FAILED) return cannot("cannot map its channel");
    Region region(static_cast<std::byte*>(mapped));
    XVM_TRY_LET(channel::End end, channel::End::create({region.get(), XVM_CHANNEL_REGION_BYTES}));
    XVM_TRY_LET(Unique_fd down, event());
    XVM_TRY_LET(Unique_fd up, event());
    std::unique_ptr<Service_process> made(
        new Service_process(std::move(region), std::move(end), std::move(down), std::move(up)));
    XVM_TRY(made->spawn(program, directory, memory.get()));
    return made;
}

Status Service_process::spawn(const std::string& program, const std::string& directory, int memory) {
    XVM_TRY_LET(const Unique_fd high_memory, high(memory));
    XVM_TRY_LET(const Unique_fd high_down, high(down_.get()));
    XVM_TRY_LET(const Unique_fd high_up, high(up_.get()));
    Spawn_rules rules;
    ::posix_spawn_file_actions_addopen(&rules.files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&rules.files, 1, "/dev/null", O_WRONLY, 0);
    int next = first_fd;
    for (const int fd : {high_memory.get(), high_down.get(), high_up.get()})
        ::posix_spawn_file_actions_adddup2(&rules.files, fd, next++);
    ::posix_spawn_file_actions_addclosefrom_np(&rules.files, next);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&rules.attributes, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&rules.attributes, &signals);
    ::posix_spawnattr_setflags(&rules.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string name = program;
    std::string argument = directory;
    std::array<char*, 3> arguments{name.data(), argument.data(), nullptr};
    std::array<char*, 1> no_environment{nullptr};
    const int wrong = ::posix_spawn(&pid_, program.c_str(), &rules.files, &rules.attributes, arguments.data(),
                                    no_environment.data());
    if (wrong != 0) {
        pid_ = -1;
        return fail_errno(wrong, program, "cannot be started", "is xvm-service installed? See xvmd(8)");
    }
    ended_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    return ended_ ? Status{} : cannot("cannot be watched");
}

Service_process::~Service_process() {
    if (pid_ <= 0 || reaped_) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(::waitpid(pid_, nullptr, 0));
}

channel::End::Turn Service_process::turn() {
    channel::End::Turn turn = end_.turn();
    constexpr std::uint64_t once = 1;
    // A counter that is full has told it already.
    if (turn.notify) static_cast<void>(!::write(down_.get(), &once, sizeof once));
    return turn;
}

void Service_process::look() {
    std::uint64_t times = 0;
    static_cast<void>(!::read(up_.get(), &times, sizeof times));
}

void Service_process::kill() {
    if (pid_ > 0 && !reaped_) ::kill(pid_, SIGKILL);
}

std::optional<Service_instance::Ending> Service_process::ended(int wait_ms) {
    pollfd one{ended_.get(), POLLIN, 0};
    if (::poll(&one, 1, wait_ms) != 1) return std::nullopt;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    reaped_ = true;
    return Ending{WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                                      : "exit code " + std::to_string(WEXITSTATUS(status))};
}

} // namespace xvm::xvmd
