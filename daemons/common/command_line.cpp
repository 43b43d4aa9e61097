// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/command_line.hpp"

#include <boost/program_options.hpp>
#include <iostream>

namespace xvm::daemon {

namespace po = boost::program_options;

Result<bool> read_command_line(std::string_view program, std::string_view version,
                               po::options_description known, int argc, const char* const* argv) {
    known.add_options()("help", "print this")("version", "print the version");
    po::variables_map given;
    try {
        po::store(po::command_line_parser(argc, argv).options(known).positional({}).run(), given);
        po::notify(given);
    } catch (const po::error& e) {
        return fail(Fault::usage, "command line", e.what(), "see " + std::string(program) + " --help");
    }
    if (given.count("help") != 0) {
        std::cout << known;
        return false;
    }
    if (given.count("version") != 0) {
        std::cout << program << ' ' << version << '\n';
        return false;
    }
    return true;
}

} // namespace xvm::daemon
