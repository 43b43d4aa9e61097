// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/devices.hpp"

#include <algorithm>
#include <filesystem>

namespace xvm::port::hosted {
namespace {

constexpr unsigned loop_major = 7;

Block_device loop_device(unsigned minor) {
    return {"/dev/loop" + std::to_string(minor), loop_major, minor};
}

} // namespace

Status Network_ledger::check_bridge(const std::string& bridge) {
    const std::lock_guard lock(mutex_);
    if (bridges_.contains(bridge)) return {};
    if (interfaces_.contains(bridge))
        return fail(Fault::usage, "bridge '" + bridge + "'", "is an interface, but no bridge",
                    "'ip link show type bridge' lists those there are");
    return fail(Fault::not_found, "bridge '" + bridge + "'", "there is none of that name",
                "make it: ip link add " + bridge + " type bridge, ip link set " + bridge + " up");
}

Status Network_ledger::join(const std::string& interface, const std::string& bridge) {
    XVM_TRY(check_bridge(bridge));
    const std::lock_guard lock(mutex_);
    const auto found = interfaces_.find(interface);
    if (found == interfaces_.end())
        return fail(Fault::not_found, "interface '" + interface + "'", "is not there");
    found->second.up = true;
    found->second.bridge = bridge;
    return {};
}

Result<std::optional<Interface_info>> Network_ledger::look_up(const std::string& interface) {
    const std::lock_guard lock(mutex_);
    const auto found = interfaces_.find(interface);
    return found == interfaces_.end() ? std::optional<Interface_info>{} : std::optional(found->second);
}

void Network_ledger::add_bridge(const std::string& bridge) {
    const std::lock_guard lock(mutex_);
    bridges_.insert(bridge);
}

void Network_ledger::add_interface(const std::string& interface) {
    const std::lock_guard lock(mutex_);
    interfaces_.try_emplace(interface);
}

void Network_ledger::remove_interface(const std::string& interface) {
    const std::lock_guard lock(mutex_);
    interfaces_.erase(interface);
}

Result<Block_device> Loop_ledger::device_at(const std::string& path) {
    if (path.starts_with("/dev/")) return Block_device{path, 253, 0};
    if (!std::filesystem::exists(path)) return fail(Fault::not_found, path, "cannot look at it");
    return fail(Fault::usage, path, "is no block device");
}

Result<Block_device> Loop_ledger::attach(const std::string& file, bool, const std::string& label) {
    const std::lock_guard lock(mutex_);
    if (const auto known = by_label_.find(label); known != by_label_.end()) return loop_device(known->second);
    if (!std::filesystem::exists(file)) return fail(Fault::not_found, file, "cannot open");
    unsigned minor = 0;
    const auto taken = [&] {
        return std::any_of(by_label_.begin(), by_label_.end(),
                           [&](const auto& loop) { return loop.second == minor; });
    };
    while (taken())
        ++minor;
    by_label_[label] = minor;
    return loop_device(minor);
}

Status Loop_ledger::detach(const std::string& label) {
    const std::lock_guard lock(mutex_);
    by_label_.erase(label);
    return {};
}

Status Loop_ledger::resize(const std::string& label) {
    const std::lock_guard lock(mutex_);
    if (by_label_.contains(label)) return {};
    return fail(Fault::not_found, "loop device of '" + label + "'", "is not there");
}

std::set<std::string> Loop_ledger::labels() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> labels;
    for (const auto& [label, minor] : by_label_)
        labels.insert(label);
    return labels;
}

} // namespace xvm::port::hosted
