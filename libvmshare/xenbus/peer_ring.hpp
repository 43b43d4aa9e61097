// SPDX-License-Identifier: Apache-2.0
// What the two sides tell each other of a ring: the backend's offer, the front end's ring. Pure functions
// from nodes to values or a refusal; the only place where these nodes are parsed.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/xenbus/peer_nodes.hpp"

#include <cstdint>
#include <vector>

namespace xvm::xenbus {

/// Pages of the largest ring that any side may name.
inline constexpr std::uint32_t ring_pages_max = 16;
/// Event channel ports are numbered below this (FIFO ABI).
inline constexpr std::uint32_t ports_end = 1U << 17;

/// What a backend offers, or a front end wishes.
struct Ring_offer {
    std::string protocol;        ///< the only one it speaks
    std::uint32_t pages_max = 1; ///< 1 to ring_pages_max
    std::uint32_t features = 0;  ///< set of bits
    bool operator==(const Ring_offer&) const = default;
};

/// A front end's ring, checked against an offer.
/// Invariant: 1, 2, 4, 8 or 16 references, all different, no more than offered; features ⊆ offered.
struct Peer_ring {
    std::vector<Gref> grefs; ///< page i of the ring, in order
    Evtchn_port port{};      ///< the front end's, unbound
    std::uint32_t features = 0;
    bool operator==(const Peer_ring&) const = default;
};

/// Backend: the front end's nodes to read, for rings of up to `pages_max` pages.
[[nodiscard]] std::vector<std::string> ring_node_names(std::uint32_t pages_max);
[[nodiscard]] tl::expected<Peer_ring, Refusal> parse_peer_ring(const Peer_nodes& nodes,
                                                               const Ring_offer& offer);

/// Front end: the backend's nodes to read.
[[nodiscard]] std::vector<std::string> offer_node_names();
[[nodiscard]] tl::expected<Ring_offer, Refusal> parse_offer(const Peer_nodes& nodes,
                                                            const std::string& protocol);

/// What a front end takes of an offer: the largest ring both allow (pages_max is then its size, a power of
/// two), the features both have.
[[nodiscard]] Ring_offer choose(const Ring_offer& offer, const Ring_offer& wish);

struct Node_value {
    std::string name;
    std::string value;
    bool operator==(const Node_value&) const = default;
};
/// The nodes that say so, as the other side's parse reads them.
[[nodiscard]] std::vector<Node_value> nodes_of(const Peer_ring& ring, const std::string& protocol);
[[nodiscard]] std::vector<Node_value> nodes_of(const Ring_offer& offer);

} // namespace xvm::xenbus
