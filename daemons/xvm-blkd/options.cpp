// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/options.hpp"

#include "daemons/common/command_line.hpp"

#include <boost/program_options.hpp>

namespace xvm::blkd {

namespace po = boost::program_options;

Result<std::optional<Options>> parse_options(int argc, const char* const* argv) {
    constexpr unsigned threads_max = 64;
    Options options;
    po::options_description known(
        "Usage: xvm-blkd [OPTION]...\n"
        "Serves virtual disks to guests over shared-memory rings. See xvm-blkd(8).\n\n"
        "Options");
    known.add_options()                                                                                     //
        ("socket", po::value(&options.socket)->default_value(options.socket)->value_name("PATH"),           //
         "where statistics are asked for (HTTP)")                                                           //
        ("threads", po::value(&options.threads)->default_value(options.threads)->value_name("N"),           //
         "threads that carry out I/O, 1 to 64")                                                             //
        ("log-level", po::value(&options.log_level)->default_value(options.log_level)->value_name("LEVEL"), //
         "trace, debug, info, warn or error")                                                               //
        ("time", po::value(&options.time)->value_name("PATH"),
         "the timer page that requests are stamped with, or 'none' (default: that of xvm-timed)") //
        ("hosted", po::value(&options.hosted)->value_name("SOCKET"),
         "work on a hosted machine instead of Xen: for tests");
    XVM_TRY_LET(const bool goes_on, daemon::read_command_line("xvm-blkd", XVM_VERSION, known, argc, argv));
    if (!goes_on) return std::nullopt;
    if (options.threads == 0 || options.threads > threads_max)
        return fail(Fault::usage, "--threads", "is " + std::to_string(options.threads), "give 1 to 64");
    return options;
}

} // namespace xvm::blkd
