// SPDX-License-Identifier: Apache-2.0
// xvm-service as the only program of a domain: its init. It ends by turning the domain off.
#include "daemons/xvm-service/config_database.hpp"
#include "daemons/xvm-service/machine.hpp"
#include "daemons/xvm-service/serve.hpp"
#include "libvmshare/abi/channel_grants.h"
#include "libvmshare/port/xen/guest_channel.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <exception>
#include <iostream>
#include <unistd.h>

namespace {

using namespace xvm;

constexpr const char* disk = "/dev/xvda";
constexpr const char* directory = "/config";

Status run() {
    XVM_TRY(service::set_up_machine(disk, directory));
    // All that takes time comes before dom0 is told of the channel: it may let us wait, ready, until we are
    // needed.
    XVM_TRY_LET(const auto configs, service::Config_database::open(directory));
    XVM_TRY_LET(const auto hooks, service::Hooks::read("/hooks.lua"));
    XVM_TRY_LET(const auto wires, port::xen::Guest_channel::open(XVM_CHANNEL_NODE));
    XVM_TRY(wires->await());
    XVM_TRY_LET(channel::End end, channel::End::attach(wires->region()));
    const boost::json::object greeting{{"schema", "xvm.service_ready/1"},
                                       {"version", XVM_VERSION},
                                       {"confined", boost::json::array{"domain"}},
                                       {"damaged", configs->damaged()}};
    return service::serve({end, [&] { return wires->await(); }, [&] { return wires->notify(); }},
                          boost::json::serialize(greeting), *configs, hooks);
}

} // namespace

int main() {
    if (::getpid() != 1) {
        std::cerr << "xvm-service-domain: is the init of a service domain; see xvm-service(8)\n";
        return static_cast<int>(Fault::usage);
    }
    try {
        if (const Status ended = run(); !ended) std::cerr << "xvm-service: " << ended.error().line() << '\n';
    } catch (const std::exception& error) {
        std::cerr << "xvm-service: " << error.what() << '\n';
    }
    service::power_off(directory);
}
