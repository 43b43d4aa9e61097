// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/terminal.hpp"

#include "libvmshare/base/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <span>
#include <sys/signalfd.h>
#include <termios.h>

namespace xvm::cli {
namespace {

constexpr char leave_key = 0x1d; // Ctrl-]

/// Raw for the object's life, if it is a terminal at all.
class Raw_mode {
  public:
    explicit Raw_mode(int fd) : fd_(fd) {
        termios now{};
        if (::tcgetattr(fd, &now) != 0) return;
        before_ = now;
        ::cfmakeraw(&now);
        ::tcsetattr(fd, TCSANOW, &now);
    }
    Raw_mode(const Raw_mode&) = delete;
    Raw_mode& operator=(const Raw_mode&) = delete;
    ~Raw_mode() {
        if (before_) ::tcsetattr(fd_, TCSADRAIN, &*before_);
    }

  private:
    int fd_;
    std::optional<termios> before_;
};

/// Signals that would end the process are read from here instead, so that the terminal is put back.
Result<Unique_fd> end_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGHUP, SIGINT})
        ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    Unique_fd fd(::signalfd(-1, &set, SFD_CLOEXEC));
    if (!fd) return fail_errno(errno, "signals", "watch");
    return fd;
}

bool write_all(int fd, std::span<const char> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            pollfd room{fd, POLLOUT, 0};
            ::poll(&room, 1, -1);
            continue;
        }
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

Result<Console_end> join_terminal(const std::string& path, int in, int out) {
    XVM_TRY_LET(const Unique_fd tty, open_file(path, O_RDWR | O_NOCTTY));
    XVM_TRY_LET(const Unique_fd signals, end_signals());
    const Raw_mode far_side(tty.get()); // else it would echo what the guest prints back to the guest
    const Raw_mode near_side(in);

    std::array<char, 4096> buffer{};
    std::array<pollfd, 3> watched{{{in, POLLIN, 0}, {tty.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}}};
    for (;;) {
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return fail_errno(errno, "console", "wait");
        }
        if (watched[2].revents != 0) return Console_end::left;
        if (watched[1].revents != 0) {
            const ssize_t got = ::read(tty.get(), buffer.data(), buffer.size());
            if (got <= 0 && errno != EINTR) return Console_end::guest_gone;
            if (got > 0 && !write_all(out, std::span(buffer).first(static_cast<std::size_t>(got))))
                return Console_end::left; // nobody reads any more
        }
        if (watched[0].revents != 0) {
            const ssize_t got = ::read(in, buffer.data(), buffer.size());
            if (got <= 0) {
                watched[0].fd = -1; // poll() passes over it
                continue;
            }
            const std::span typed = std::span(buffer).first(static_cast<std::size_t>(got));
            const auto leave = std::find(typed.begin(), typed.end(), leave_key);
            if (!write_all(tty.get(), std::span(typed.begin(), leave))) return Console_end::guest_gone;
            if (leave != typed.end()) return Console_end::left;
        }
    }
}

} // namespace xvm::cli
