// SPDX-License-Identifier: Apache-2.0
// xvm-hostedd SOCKET [DOMID...] : a machine without a hypervisor, for tests that use several processes.
// The domains named are there from the start. Serves until SIGTERM or SIGINT. `ready` on standard output.
#include "libvmshare/base/assert.hpp"
#include "libvmshare/port/hosted/server.hpp"

#include <csignal>
#include <cstdio>
#include <fmt/format.h>

namespace {

int refuse(const xvm::Error& error) {
    fmt::print(stderr, "xvm-hostedd: {}\n", error.line());
    return static_cast<int>(error.fault);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: xvm-hostedd SOCKET [DOMID...]\n");
        return static_cast<int>(xvm::Fault::usage);
    }
    // Before any thread is there, so that all leave the signals to sigwait().
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    XVM_ASSERT(::pthread_sigmask(SIG_BLOCK, &ends, nullptr) == 0);

    const auto host = xvm::port::hosted::Host::make();
    for (int i = 2; i < argc; ++i) {
        const auto domid = xvm::parse_domid(argv[i]);
        if (!domid) return refuse({xvm::Fault::usage, argv[i], "not a domid", ""});
        if (const auto added = host->add_domain(*domid); !added) return refuse(added.error());
    }
    const auto server = xvm::port::hosted::Server::start(host, argv[1]);
    if (!server) return refuse(server.error());
    fmt::print("ready\n");
    std::fflush(stdout);
    int signal = 0;
    ::sigwait(&ends, &signal);
    return 0;
}
