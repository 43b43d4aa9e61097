// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-timed/options.hpp"

#include "daemons/common/command_line.hpp"
#include "libvmshare/abi/timer_owner.h"

#include <boost/program_options.hpp>

namespace xvm::timed {

namespace po = boost::program_options;

Result<std::optional<Options>> parse_options(int argc, const char* const* argv) {
    Options options;
    options.device = XVM_TIME_OWNER_DEVICE;
    po::options_description known(
        "Usage: xvm-timed [OPTION]...\n"
        "Gives the shared timer page to guests that ask for it. See xvm-timed(8).\n\n"
        "Options");
    known.add_options() //
        ("owner", po::value(&options.owner)->default_value(options.owner)->value_name("WHO"),
         "who writes the page: kernel (the module xvm_time_owner), program (xvm-timed itself), or auto: the "
         "kernel where the module is loaded") //
        ("device", po::value(&options.device)->default_value(options.device)->value_name("PATH"),
         "of the module") //
        ("file", po::value(&options.file)->default_value(options.file)->value_name("PATH"),
         "where dom0's own readers find the page of a program") //
        ("log-level", po::value(&options.log_level)->default_value(options.log_level)->value_name("LEVEL"),
         "trace, debug, info, warn or error") //
        ("hosted", po::value(&options.hosted)->value_name("SOCKET"),
         "work on a hosted machine instead of Xen: for tests");
    XVM_TRY_LET(const bool goes_on, daemon::read_command_line("xvm-timed", XVM_VERSION, known, argc, argv));
    if (!goes_on) return std::nullopt;
    if (options.owner != "auto" && options.owner != "kernel" && options.owner != "program")
        return fail(Fault::usage, "--owner", "is '" + options.owner + "'", "give auto, kernel or program");
    return options;
}

} // namespace xvm::timed
