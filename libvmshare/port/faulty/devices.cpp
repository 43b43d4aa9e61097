// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/faulty/devices.hpp"

namespace xvm::port::faulty {
namespace {

/// The planned error, or what the port below says.
template <class Call>
auto through(Plan& plan, const char* name, Call&& call) -> decltype(call()) {
    if (auto error = plan.next(name)) return tl::unexpected<Error>(std::move(*error));
    return call();
}

} // namespace

Status Faulty_network::check_bridge(const std::string& bridge) {
    return through(plan_, "network.check_bridge", [&] { return below_.check_bridge(bridge); });
}
Status Faulty_network::join(const std::string& interface, const std::string& bridge) {
    return through(plan_, "network.join", [&] { return below_.join(interface, bridge); });
}
Result<std::optional<Interface_info>> Faulty_network::look_up(const std::string& interface) {
    return through(plan_, "network.look_up", [&] { return below_.look_up(interface); });
}

Result<Block_device> Faulty_loops::device_at(const std::string& path) {
    return through(plan_, "loops.device_at", [&] { return below_.device_at(path); });
}
Result<Block_device> Faulty_loops::attach(const std::string& file, bool writable, const std::string& label) {
    return through(plan_, "loops.attach", [&] { return below_.attach(file, writable, label); });
}
Status Faulty_loops::detach(const std::string& label) {
    return through(plan_, "loops.detach", [&] { return below_.detach(label); });
}
Status Faulty_loops::resize(const std::string& label) {
    return through(plan_, "loops.resize", [&] { return below_.resize(label); });
}

} // namespace xvm::port::faulty
