// SPDX-License-Identifier: Apache-2.0
// What the confined service can still do, tried by a process that confines itself. Beside each trial runs the
// same without confinement, which must succeed: else the trial would show nothing.
#include "daemons/xvm-service/config_database.hpp"
#include "daemons/xvm-service/confine.hpp"
#include "tests/unit/daemons/common/scratch.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace xvm;

namespace {

/// Whether the trial succeeds in a process of its own; nothing: the process could not be confined.
bool succeeds(const std::string& directory, bool confined, const std::function<bool()>& trial) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (confined && !service::confine(directory)) ::_exit(7);
        ::_exit(trial() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) != 7);
    return WEXITSTATUS(status) == 0;
}

bool opens(const char* path, int flags) {
    return ::open(path, flags, 0600) >= 0;
}

} // namespace

TEST_CASE("the confined service has its directory and nothing else") {
    const tests::Scratch scratch;
    const std::string inside = scratch.path() + "/x";
    const tests::Scratch elsewhere;
    const std::string outside = elsewhere.path() + "/x";
    const std::vector<std::pair<const char*, std::function<bool()>>> trials{
        {"start a process", [] { return ::fork() >= 0; }},
        {"start a program", [] { return ::execl("/bin/true", "true", nullptr) == 0; }},
        {"open a socket", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }},
        {"open a network socket", [] { return ::socket(AF_INET, SOCK_DGRAM, 0) >= 0; }},
        {"signal another", [] { return ::kill(::getppid(), 0) == 0; }},
        {"run what it wrote",
         [] {
             return ::mmap(nullptr, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                    MAP_FAILED;
         }},
        {"read a file", [] { return opens("/etc/passwd", O_RDONLY); }},
        {"write elsewhere", [&] { return opens(outside.c_str(), O_CREAT | O_RDWR); }},
    };
    const auto holds = [&] {
        int report[2];
        REQUIRE(::pipe(report) == 0);
        succeeds(scratch.path(), false, [&] {
            const auto all = service::confine(scratch.path());
            for (const std::string& one : all ? *all : std::vector<std::string>{})
                static_cast<void>(!::write(report[1], (one + "\n").data(), one.size() + 1));
            return true;
        });
        ::close(report[1]);
        std::string text(200, '\0');
        text.resize(
            static_cast<std::size_t>(std::max<ssize_t>(0, ::read(report[0], text.data(), text.size()))));
        ::close(report[0]);
        return text;
    }();
    CHECK(holds.find("system calls\n") != std::string::npos);
    CHECK(holds.find("capabilities\n") != std::string::npos);
    for (const auto& [what, trial] : trials) {
        INFO(what);
        const bool about_files = std::string(what) == "read a file" || std::string(what) == "write elsewhere";
        if (about_files && holds.find("files\n") == std::string::npos) continue; // a kernel without Landlock
        CHECK(succeeds(scratch.path(), false, trial));
        CHECK_FALSE(succeeds(scratch.path(), true, trial));
    }
    CHECK(succeeds(scratch.path(), true, [&] { return opens(inside.c_str(), O_CREAT | O_RDWR); }));
}

TEST_CASE("the database works confined") {
    const tests::Scratch scratch;
    CHECK(succeeds(scratch.path(), true, [&] {
        auto database = service::Config_database::open(scratch.path());
        if (!database || !(*database)->write("web", std::string(3000000, 'x'))) return false;
        return (*database)->remove("web").value_or(false) && (*database)->names()->empty();
    }));
    CHECK(service::Config_database::open(scratch.path()).value()->names()->empty());
}
