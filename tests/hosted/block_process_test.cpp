// SPDX-License-Identifier: Apache-2.0
// The real xvm-blkd on a hosted machine, each a process of its own: killed, stopped, started twice.
// XVM_BLKD and XVM_HOSTEDD name the programs.
#include "libvmshare/port/hosted/remote.hpp"
#include "tests/hosted/block_load.hpp"
#include "tests/unit/backends/temporary_file.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace xvm;
using namespace xvm::test;

namespace {

class Child {
  public:
    explicit Child(std::vector<std::string> words) {
        std::vector<char*> argv;
        for (std::string& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        REQUIRE(::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ > 0) static_cast<void>(end(SIGKILL));
    }
    /// Sends the signal (0: none) and waits: the exit code, or minus the signal that ended it.
    int end(int signal) {
        if (signal != 0) ::kill(pid_, signal);
        int status = 0;
        ::waitpid(std::exchange(pid_, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    pid_t pid_ = 0;
};

std::string program(const char* variable) {
    const char* path = std::getenv(variable);
    REQUIRE(path != nullptr);
    return path;
}

struct Machine {
    Machine() {
        char name[] = "/tmp/xvm-block-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        directory = name;
        socket = directory + "/host.sock";
        host = std::make_unique<Child>(std::vector<std::string>{program("XVM_HOSTEDD"), socket, "7"});
        for (int i = 0; i < 500 && !toolstack; ++i) {
            if (auto process = port::hosted::start_process(socket, dom0))
                toolstack = std::move(*process);
            else
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        REQUIRE(toolstack);
    }
    ~Machine() {
        toolstack.reset();
        host.reset();
        std::filesystem::remove_all(directory);
    }
    std::unique_ptr<Child> start_blkd() {
        return std::make_unique<Child>(std::vector<std::string>{
            program("XVM_BLKD"), "--hosted", socket, "--socket", blkd_socket(), "--log-level", "error"});
    }
    std::string blkd_socket() const { return directory + "/run/blkd.sock"; }

    std::string directory;
    std::string socket;
    std::unique_ptr<Child> host;
    std::unique_ptr<port::hosted::Process> toolstack;
};

} // namespace

TEST_CASE("kill -9 of xvm-blkd loses no request and corrupts none", "[R-13]") {
    Machine m;
    constexpr std::uint64_t disk_bytes = 8 << 20;
    const Temporary_file file(disk_bytes);
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
    write_disk_nodes(m.toolstack->store(), disk);
    auto blkd = m.start_blkd();
    Block_front front(*port::hosted::start_process(m.socket, Domid{7}), Domid{7}, 0);
    front.connect();
    std::vector<std::byte> model(disk_bytes);
    Block_load load(front, model, 16, 65536, true, 9);
    unsigned restarts = 0, calls = 0;
    const Load_result result = load.run(4000, [&] {
        if (restarts == 10 || ++calls % 5 != 0) return;
        const int signal = restarts % 2 ? SIGTERM : SIGKILL;
        CHECK(blkd->end(signal) == (signal == SIGTERM ? 0 : -SIGKILL));
        blkd = m.start_blkd();
        ++restarts;
    });
    CHECK(result.wrong == 0);
    CHECK(restarts >= 5);
    CHECK(front.connections() == restarts + 1);
    std::printf("block: %u times xvm-blkd was killed or stopped: %llu requests, %llu wrong\n", restarts,
                static_cast<unsigned long long>(result.requests),
                static_cast<unsigned long long>(result.wrong));
}

TEST_CASE("A second xvm-blkd says who is at work and leaves", "[disk]") {
    Machine m;
    const auto first = m.start_blkd();
    for (int i = 0; i < 500 && !std::filesystem::exists(m.blkd_socket()); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(m.start_blkd()->end(0) == static_cast<int>(Fault::busy));
    CHECK(first->end(SIGTERM) == 0);
}
