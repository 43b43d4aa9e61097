// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/options.hpp"

#include "daemons/common/command_line.hpp"

#include <boost/program_options.hpp>

namespace xvm::memd {

namespace po = boost::program_options;

Result<std::optional<Options>> parse_options(int argc, const char* const* argv) {
    Options options;
    po::options_description known("Usage: xvm-memd [OPTION]...\n"
                                  "Moves memory from guests that do not use it to guests that lack it. See "
                                  "xvm-memd(8).\n\nOptions");
    known.add_options()                                                                                     //
        ("socket", po::value(&options.socket)->default_value(options.socket)->value_name("PATH"), "xvmd's") //
        ("once", po::bool_switch(&options.once), "look once, move what is to be moved, and end")            //
        ("dry-run", po::bool_switch(&options.dry_run), "say what would be moved, and move nothing")         //
        ("log-level", po::value(&options.log_level)->default_value(options.log_level)->value_name("LEVEL"),
         "trace, debug, info, warn or error");
    XVM_TRY_LET(const bool goes_on, daemon::read_command_line("xvm-memd", XVM_VERSION, known, argc, argv));
    if (!goes_on) return std::nullopt;
    return options;
}

} // namespace xvm::memd
