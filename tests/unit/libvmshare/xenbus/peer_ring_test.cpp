// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/peer_ring.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::xenbus;

namespace {

const Ring_offer offer{"xvm-blk-1", 16, 1};

Peer_nodes put(const std::vector<Node_value>& values) {
    Peer_nodes nodes;
    for (const Node_value& node : values)
        nodes.put(node.name, node.value);
    return nodes;
}

std::vector<Node_value> good(std::uint32_t pages) {
    Peer_ring ring{{}, Evtchn_port{5}, 1};
    for (std::uint32_t i = 0; i < pages; ++i)
        ring.grefs.push_back(Gref{100 + i});
    return nodes_of(ring, offer.protocol);
}

/// The refusal of a good ring of 4 pages in which `name` has another value, or is missing.
std::string refused(const std::string& name, const std::optional<std::string>& value,
                    const Ring_offer& offered = offer) {
    std::vector<Node_value> values = good(4);
    std::erase_if(values, [&](const Node_value& node) { return node.name == name; });
    if (value) values.push_back({name, *value});
    const auto ring = parse_peer_ring(put(values), offered);
    return ring ? "accepted" : ring.error().line();
}

} // namespace

TEST_CASE("A front end's ring is read as it was written", "[xenbus]") {
    for (const std::uint32_t pages : {1U, 2U, 4U, 8U, 16U}) {
        const auto ring = parse_peer_ring(put(good(pages)), offer);
        REQUIRE(ring);
        CHECK(ring->grefs.size() == pages);
        CHECK(ring->grefs.back() == Gref{100 + pages - 1});
        CHECK(ring->port == Evtchn_port{5});
        CHECK(ring->features == 1);
    }
    CHECK(ring_node_names(16).size() == 4 + 16);
}

TEST_CASE("A front end's node that is missing, no number, or out of range is refused by name",
          "[xenbus][R-14]") {
    for (const char* number : {"ring-pages", "ring-ref-0", "ring-ref-3", "event-channel", "ring-features"}) {
        CAPTURE(number);
        CHECK(refused(number, std::nullopt).find(number) == 0);
        for (const char* text :
             {"", " ", "-1", "+1", "1 ", "0x1", "1.0", "4294967296", "99999999999999999999999", "a"})
            CHECK(refused(number, text).find(number) == 0);
        CHECK(refused(number, std::string("4\0", 2)).find(number) == 0);
        CHECK(refused(number, std::string(4000, '1')).find(number) == 0);
    }
    CHECK(refused("protocol", std::nullopt) == "protocol: not 'xvm-blk-1'");
    CHECK(refused("protocol", "xvm-blk-2") == "protocol: not 'xvm-blk-1'");
    for (const char* pages : {"0", "3", "5", "17", "32"})
        CHECK(refused("ring-pages", pages) == "ring-pages: not a power of two from 1 to 16");
    CHECK(refused("ring-pages", "4", {"xvm-blk-1", 2, 1}) == "ring-pages: not a power of two from 1 to 2");
    CHECK(refused("event-channel", "0").find("event-channel") == 0);
    CHECK(refused("event-channel", "131072").find("event-channel") == 0);
    CHECK(refused("event-channel", "131071") == "accepted");
    CHECK(refused("ring-ref-2", "100") == "ring-ref-2: the reference of another page of this ring");
}

TEST_CASE("A feature that was not offered is refused", "[xenbus]") {
    CHECK(refused("ring-features", "0") == "accepted");
    CHECK(refused("ring-features", "2") == "ring-features: a feature that was not offered (offered: 1)");
    CHECK(refused("ring-features", "1", {"xvm-blk-1", 16, 0}) ==
          "ring-features: a feature that was not offered (offered: 0)");
}

TEST_CASE("A refusal repeats nothing that the peer wrote", "[xenbus]") {
    const std::string evil = "\x1b[2J\nsomething else";
    for (const char* node : {"protocol", "ring-pages", "ring-ref-1", "event-channel", "ring-features"}) {
        const std::string line = refused(node, evil);
        CHECK(line.find("something") == std::string::npos);
        CHECK(line.find('\n') == std::string::npos);
    }
}

TEST_CASE("An offer is read as it was written, and both sides take the common part", "[xenbus]") {
    const auto read = parse_offer(put(nodes_of(offer)), offer.protocol);
    REQUIRE(read);
    CHECK(*read == offer);
    CHECK(choose(*read, {"xvm-blk-1", 4, 3}) == Ring_offer{"xvm-blk-1", 4, 1});
    CHECK(choose({"xvm-blk-1", 5, 2}, {"xvm-blk-1", 16, 1}) == Ring_offer{"xvm-blk-1", 4, 0});

    Peer_nodes later = put({{"protocol", "xvm-blk-1"}, {"ring-pages-max", "64"}, {"ring-features", "7"}});
    CHECK(parse_offer(later, "xvm-blk-1") == Ring_offer{"xvm-blk-1", 16, 7});
    CHECK_FALSE(parse_offer(put({{"protocol", "xvm-blk-1"}}), "xvm-blk-1"));
    CHECK_FALSE(parse_offer(put({{"protocol", "xvm-net-1"}}), "xvm-blk-1"));
}
