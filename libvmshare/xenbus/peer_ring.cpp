// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/peer_ring.hpp"

#include "libvmshare/base/assert.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <limits>

namespace xvm::xenbus {
namespace {

// Every class of device names these nodes alike.
namespace front = schema::xvbd::frontend;
namespace back = schema::xvbd::backend;

constexpr std::uint32_t any_u32 = std::numeric_limits<std::uint32_t>::max();

tl::unexpected<Refusal> refuse(std::string_view node, std::string why) {
    return tl::unexpected<Refusal>(Refusal{std::string(node), std::move(why)});
}

} // namespace

std::vector<std::string> ring_node_names(std::uint32_t pages_max) {
    std::vector<std::string> names{std::string(front::protocol), std::string(front::ring_pages),
                                   std::string(front::event_channel), std::string(front::ring_features)};
    for (std::uint32_t i = 0; i < pages_max; ++i)
        names.push_back(front::ring_ref(i));
    return names;
}

tl::expected<Peer_ring, Refusal> parse_peer_ring(const Peer_nodes& nodes, const Ring_offer& offer) {
    XVM_ASSERT(offer.pages_max >= 1 && offer.pages_max <= ring_pages_max);
    if (!nodes.is(front::protocol, offer.protocol))
        return refuse(front::protocol, fmt::format("not '{}'", offer.protocol));

    const auto pages = nodes.number<std::uint32_t>(front::ring_pages, 1, offer.pages_max);
    if (!pages || !std::has_single_bit(*pages))
        return refuse(front::ring_pages, fmt::format("not a power of two from 1 to {}", offer.pages_max));

    Peer_ring ring;
    for (std::uint32_t i = 0; i < *pages; ++i) {
        const auto gref = nodes.number<std::uint32_t>(front::ring_ref(i), 0, any_u32);
        if (!gref) return refuse(front::ring_ref(i), "not a grant reference");
        if (std::find(ring.grefs.begin(), ring.grefs.end(), Gref{*gref}) != ring.grefs.end())
            return refuse(front::ring_ref(i), "the reference of another page of this ring");
        ring.grefs.push_back(Gref{*gref});
    }

    const auto port = nodes.number<std::uint32_t>(front::event_channel, 1, ports_end - 1);
    if (!port) return refuse(front::event_channel, "not an event channel port");
    ring.port = Evtchn_port{*port};

    const auto features = nodes.number<std::uint32_t>(front::ring_features, 0, any_u32);
    if (!features) return refuse(front::ring_features, "not a set of feature bits");
    if ((*features & ~offer.features) != 0)
        return refuse(front::ring_features,
                      fmt::format("a feature that was not offered (offered: {})", offer.features));
    ring.features = *features;
    return ring;
}

std::vector<std::string> offer_node_names() {
    return {std::string(back::protocol), std::string(back::ring_pages_max), std::string(back::ring_features)};
}

tl::expected<Ring_offer, Refusal> parse_offer(const Peer_nodes& nodes, const std::string& protocol) {
    if (!nodes.is(back::protocol, protocol)) return refuse(back::protocol, fmt::format("not '{}'", protocol));
    // More than any ring has is no fault: a later backend may offer it.
    const auto pages = nodes.number<std::uint32_t>(back::ring_pages_max, 1, any_u32);
    if (!pages) return refuse(back::ring_pages_max, "not a number of pages");
    const auto features = nodes.number<std::uint32_t>(back::ring_features, 0, any_u32);
    if (!features) return refuse(back::ring_features, "not a set of feature bits");
    return Ring_offer{protocol, std::min(*pages, ring_pages_max), *features};
}

Ring_offer choose(const Ring_offer& offer, const Ring_offer& wish) {
    return {wish.protocol, std::bit_floor(std::min(offer.pages_max, wish.pages_max)),
            offer.features & wish.features};
}

std::vector<Node_value> nodes_of(const Peer_ring& ring, const std::string& protocol) {
    std::vector<Node_value> nodes{{std::string(front::protocol), protocol},
                                  {std::string(front::ring_pages), std::to_string(ring.grefs.size())}};
    for (std::uint32_t i = 0; i < ring.grefs.size(); ++i)
        nodes.push_back({front::ring_ref(i), std::to_string(number(ring.grefs[i]))});
    nodes.push_back({std::string(front::event_channel), std::to_string(number(ring.port))});
    nodes.push_back({std::string(front::ring_features), std::to_string(ring.features)});
    return nodes;
}

std::vector<Node_value> nodes_of(const Ring_offer& offer) {
    return {{std::string(back::protocol), offer.protocol},
            {std::string(back::ring_pages_max), std::to_string(offer.pages_max)},
            {std::string(back::ring_features), std::to_string(offer.features)}};
}

} // namespace xvm::xenbus
