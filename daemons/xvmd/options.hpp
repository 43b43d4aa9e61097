// SPDX-License-Identifier: Apache-2.0
// xvmd's command line.
#pragma once

#include "libvmshare/base/result.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace xvm::xvmd {

struct Options {
    std::string socket;
    std::string read_only_socket; ///< empty: none, unless one is handed over
    std::string block_socket;     ///< xvm-blkd's
    std::string run_dir;          ///< where the journal and the book of guests lie
    std::string state_dir;        ///< where stored configurations lie
    std::string log_level;
    std::string host_reserve;
    std::uint64_t host_reserve_bytes = 0; ///< of Xen's memory: no guest gets it
    std::string audit;                    ///< file; empty: none
    std::string fail_at;                  ///< a step's name; empty: none
    std::string kill_at;                  ///< a step's name; empty: none
    std::string service_mode;             ///< "off", "process", "domain"
    bool service = false;                 ///< made from it: the management service decides
    std::string service_program;
    std::uint16_t web_port = 0; ///< made from it
    std::string web;            ///< a port; empty: no web page
    std::string service_pack;   ///< of the domain
    std::string service_disk;   ///< of the domain
    std::string service_memory; ///< of the domain
    std::uint64_t service_memory_bytes = 0;
    bool service_standby = false; ///< the next domain is made in advance
    std::string service_idle_text;
    std::chrono::milliseconds service_idle{}; ///< made from it
    std::string service_patience_text;
    std::chrono::milliseconds service_patience{}; ///< made from it
    /// Below which files of guests may lie that the service orders; empty: as by default.
    std::vector<std::string> service_roots;
    bool hosted = false;
    bool hosted_guests = false; ///< they do what they are asked
    bool help = false;
    bool version = false;
};

[[nodiscard]] Result<Options> parse_options(int argc, const char* const* argv);
[[nodiscard]] std::string help_text();

} // namespace xvm::xvmd
