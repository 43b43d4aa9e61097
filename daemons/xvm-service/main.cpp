// SPDX-License-Identifier: Apache-2.0
// xvm-service: what of management runs only while it is needed. xvmd starts it and hands it a channel.
#include "daemons/xvm-service/config_database.hpp"
#include "daemons/xvm-service/confine.hpp"
#include "daemons/xvm-service/serve.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace xvm;

constexpr std::string_view help =
    "Usage: xvm-service DIRECTORY\n\n"
    "Decides for xvmd(8), which starts it and hands it a channel; not to be started\n"
    "by hand. DIRECTORY is where it keeps configurations.\n";

Result<std::span<std::byte>> map_region() {
    struct stat status {};
    if (::fstat(service::region_fd, &status) != 0 || status.st_size != XVM_CHANNEL_REGION_BYTES)
        return fail(Fault::usage, "channel", "there is none: it was not started by xvmd",
                    "start xvmd with --service process");
    void* const memory =
        ::mmap(nullptr, XVM_CHANNEL_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, service::region_fd, 0);
    if (memory == MAP_FAILED) return fail_errno(errno, "channel", "cannot map it");
    return std::span(static_cast<std::byte*>(memory), XVM_CHANNEL_REGION_BYTES);
}

Status run(const std::string& directory) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // without xvmd it is nothing
    XVM_TRY_LET(const auto region, map_region());
    XVM_TRY_LET(channel::End end, channel::End::attach(region));
    XVM_TRY_LET(const auto holds, service::confine(directory));
    XVM_TRY_LET(const auto configs, service::Config_database::open(directory));
    XVM_TRY_LET(const auto hooks, service::Hooks::read(directory + "/hooks.lua"));
    boost::json::array confined;
    for (const std::string& one : holds)
        confined.emplace_back(one);
    const boost::json::object greeting{{"schema", "xvm.service_ready/1"},
                                       {"version", XVM_VERSION},
                                       {"confined", std::move(confined)},
                                       {"damaged", configs->damaged()}};
    return service::serve(service::process_wires(end), boost::json::serialize(greeting), *configs, hooks);
}

} // namespace

int main(int argc, char** argv) {
    try {
        const std::string_view word = argc == 2 ? argv[1] : "";
        if (word == "--help" || word == "-h") {
            std::cout << help;
            return 0;
        }
        if (word == "--version") {
            std::cout << "xvm-service " XVM_VERSION "\n";
            return 0;
        }
        if (!word.starts_with('/')) {
            std::cerr << "xvm-service: command line: no absolute DIRECTORY; see 'xvm-service --help'\n";
            return static_cast<int>(Fault::usage);
        }
        const Status ended = run(std::string(word));
        if (ended) return 0;
        std::cerr << "xvm-service: " << ended.error().line() << '\n';
        return static_cast<int>(ended.error().fault);
    } catch (const std::exception& error) {
        std::cerr << "xvm-service: " << error.what() << '\n';
        return 1;
    }
}
