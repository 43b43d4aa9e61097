// SPDX-License-Identifier: Apache-2.0
// The nodes that a peer wrote, read once and together: what is judged is what was read.
// Invariant: a value leaves only through a check.
#pragma once

#include "libvmshare/base/number.hpp"
#include "libvmshare/base/untrusted.hpp"
#include "libvmshare/port/store.hpp"

#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>

namespace xvm::xenbus {

class Peer_nodes {
  public:
    void put(std::string name, std::string value) {
        nodes_.insert_or_assign(std::move(name), Untrusted<std::string>(std::move(value)));
    }

    [[nodiscard]] bool has(std::string_view name) const { return nodes_.find(name) != nodes_.end(); }

    /// Whether the node is there with exactly this value.
    [[nodiscard]] bool is(std::string_view name, std::string_view value) const {
        const auto node = nodes_.find(name);
        return node != nodes_.end() && node->second.check([&](const std::string& v) { return v == value; });
    }

    /// The decimal number in the node, where it is one from `low` to `high`; nothing otherwise.
    template <std::unsigned_integral T>
    [[nodiscard]] std::optional<T> number(std::string_view name, T low, T high) const {
        const auto node = nodes_.find(name);
        if (node == nodes_.end()) return std::nullopt;
        const auto text =
            node->second.check([](const std::string& v) { return parse_number<T>(v).has_value(); });
        if (!text) return std::nullopt;
        return Untrusted<T>(*parse_number<T>(*text)).check(within(low, high));
    }

  private:
    std::map<std::string, Untrusted<std::string>, std::less<>> nodes_;
};

/// A peer broke the protocol: which node, and what is wrong with it. Holds none of the peer's bytes, so it
/// may go to a log and into the node `error`.
struct Refusal {
    std::string node;
    std::string why;

    [[nodiscard]] std::string line() const { return node + ": " + why; }
};

/// Reads `names` below `dir` in one transaction, so that no half of an update is seen. A node that is not
/// there is left out. busy: the peer kept writing; look again later.
[[nodiscard]] Result<Peer_nodes> read_peer_nodes(port::Store& store, const std::string& dir,
                                                 std::span<const std::string> names);

} // namespace xvm::xenbus
