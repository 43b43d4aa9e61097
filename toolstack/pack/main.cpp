// SPDX-License-Identifier: Apache-2.0
// xvm-pack: builds, lists, reads and verifies packed boot-image disks.
#include "toolstack/pack/verb.hpp"
#include "toolstack/pack/work.hpp"

#include <csignal>
#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    int code = 1;
    try {
        xvm::pack_tool::catch_interrupts();
        code = xvm::command::run_program(xvm::pack_tool::program(XVM_VERSION), {argv + 1, argv + argc});
    } catch (const std::exception& error) { // out of memory, and nothing else
        std::cerr << "xvm-pack: " << error.what() << '\n';
    }
    // The shell is to see that a signal ended us.
    if (const auto signal = xvm::pack_tool::interrupted_by()) {
        std::cout.flush();
        std::signal(*signal, SIG_DFL);
        std::raise(*signal);
    }
    return code;
}
