// SPDX-License-Identifier: Apache-2.0
// What the lab measures the cost of verbs with: a stopwatch that costs nothing between its two readings
// but the command, and the smallest guest there is.
#include "tests/contract/domains/noop_kernel.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int refuse(const char* what) {
    std::fprintf(stderr, "xvm-floor: %s: %s\n", what, std::strerror(errno));
    return 1;
}

/// Prints how many microseconds a command took from its start to its end; its output goes nowhere.
int stopwatch(char** command) {
    const auto begin = std::chrono::steady_clock::now();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    errno = ::posix_spawnp(&child, command[0], &actions, nullptr, command, environ);
    if (errno != 0) return refuse(command[0]);
    int status = 0;
    if (::waitpid(child, &status, 0) < 0) return refuse("waitpid");
    const auto taken = std::chrono::steady_clock::now() - begin;
    std::printf("%lld\n",
                static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(taken).count()));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
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
    if (count == 3 && std::string_view(words[1]) == "kernel") return write_kernel(words[2]);
    std::fputs("usage: xvm-floor time COMMAND...    microseconds until it ended\n"
               "       xvm-floor kernel OUT         a kernel that does nothing\n",
               stderr);
    return 2;
}
