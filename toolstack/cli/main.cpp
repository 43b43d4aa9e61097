// SPDX-License-Identifier: Apache-2.0
// xvm: the command. It asks xvmd, which does the work.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"

#include <exception>
#include <iostream>

namespace {

void add_options(boost::program_options::options_description& options) {
    namespace po = boost::program_options;
    options.add_options()(
        "socket", po::value<std::string>()->value_name("PATH")->default_value(xvm::cli::default_socket),
        "where xvmd listens");
}

} // namespace

int main(int argc, char** argv) {
    using namespace xvm::cli;
    try {
        const xvm::command::Program program{
            "xvm",
            "Starts and ends guests on Xen, from packed boot images.",
            XVM_VERSION,
            "ID is a guest's name, its number or its uuid.\n"
            "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 no such thing, 4 busy or taken, 5 "
            "not\n"
            "enough of something, 6 timeout, 7 not permitted, 8 daemon or Xen not reachable, 9 leftovers.\n",
            {&create_verb, &list_verb, &show_verb, &destroy_verb, &console_verb, &disk_stats_verb, &info_verb,
             &version_verb},
            add_options,
        };
        return xvm::command::run_program(program, {argv + 1, argv + argc});
    } catch (const std::exception& error) { // out of memory, and nothing else
        std::cerr << "xvm: " << error.what() << '\n';
        return 1;
    }
}
