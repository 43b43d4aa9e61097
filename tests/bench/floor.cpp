// SPDX-License-Identifier: Apache-2.0
// What the lab measures the cost of verbs with: a stopwatch that costs nothing between its readings but the
// command, one that goes on until a guest has said something, and the smallest guest there is.
#include "tests/contract/domains/noop_kernel.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int refuse(const char* what) {
    std::fprintf(stderr, "xvm-floor: %s: %s\n", what, std::strerror(errno));
    return 1;
}

using Clock = std::chrono::steady_clock;

long long us_since(Clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
}

/// Runs a command to its end; its output goes nowhere.
int carry_out(char** command) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    errno = ::posix_spawnp(&child, command[0], &actions, nullptr, command, environ);
    if (errno != 0) return refuse(command[0]);
    int status = 0;
    if (::waitpid(child, &status, 0) < 0) return refuse("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/// Prints how many microseconds a command took from its start to its end.
int stopwatch(char** command) {
    const auto begin = Clock::now();
    const int status = carry_out(command);
    std::printf("%lld\n", us_since(begin));
    return status;
}

bool says(const char* path, std::string_view text) {
    std::ifstream file(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    return content.find(text) != std::string::npos;
}

/// Also how many until the file, which may not be there yet, has the text; woken by each write to it.
int stopwatch_until(const char* path, const char* text, char** command) {
    constexpr int limit_ms = 120'000;
    const int changes = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    const std::string directory = std::filesystem::path(path).parent_path();
    if (::inotify_add_watch(changes, directory.c_str(), IN_CREATE | IN_MODIFY) < 0) return refuse(path);
    const auto begin = Clock::now();
    if (const int status = carry_out(command); status != 0) return status;
    const long long taken = us_since(begin);
    while (!says(path, text)) {
        const auto left_ms = limit_ms - static_cast<int>(us_since(begin) / 1000);
        pollfd ready{changes, POLLIN, 0};
        if (left_ms <= 0 || ::poll(&ready, 1, left_ms) <= 0) {
            std::fprintf(stderr, "xvm-floor: %s: does not say '%s'\n", path, text);
            return 1;
        }
        char events[4096];
        while (::read(changes, events, sizeof(events)) > 0) {
        }
    }
    std::printf("%lld %lld\n", taken, us_since(begin));
    return 0;
}

/// Prints how many microseconds lay between a message's last byte, written to a Unix socket, and the first
/// byte of what came back, and the first line of that.
int ask(const char* socket_path, const char* message_path) {
    std::ifstream file(message_path, std::ios::binary);
    const std::string message{std::istreambuf_iterator<char>(file), {}};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return refuse(socket_path);
    const auto begin = Clock::now();
    if (::write(fd, message.data(), message.size()) != static_cast<ssize_t>(message.size()))
        return refuse(socket_path);
    char answer[4096];
    const ssize_t bytes = ::read(fd, answer, sizeof answer);
    const long long taken = us_since(begin);
    if (bytes <= 0) return refuse(socket_path);
    const std::string_view all(answer, static_cast<std::size_t>(bytes));
    const std::string first(all.substr(0, all.find_first_of("\r\n")));
    std::printf("%lld %s\n", taken, first.c_str());
    return 0;
}

int write_kernel(const char* path) {
    const auto kernel = xvm::test::noop_kernel(xvm::test::Noop::waits);
    std::FILE* const file = std::fopen(path, "wb");
    if (file == nullptr) return refuse(path);
    const bool whole = std::fwrite(kernel.data(), 1, kernel.size(), file) == kernel.size();
    if (std::fclose(file) != 0 || !whole) return refuse(path);
    return 0;
}

} // namespace

int main(int count, char** words) {
    if (count > 2 && std::string_view(words[1]) == "time") return stopwatch(words + 2);
    if (count > 4 && std::string_view(words[1]) == "until")
        return stopwatch_until(words[2], words[3], words + 4);
    if (count == 4 && std::string_view(words[1]) == "ask") return ask(words[2], words[3]);
    if (count == 3 && std::string_view(words[1]) == "kernel") return write_kernel(words[2]);
    std::fputs("usage: xvm-floor time COMMAND...               microseconds until it ended\n"
               "       xvm-floor until FILE TEXT COMMAND...    and until the file has the text\n"
               "       xvm-floor ask SOCKET MESSAGE            microseconds until an answer came, and its "
               "first line\n"
               "       xvm-floor kernel OUT                    a kernel that does nothing\n",
               stderr);
    return 2;
}
