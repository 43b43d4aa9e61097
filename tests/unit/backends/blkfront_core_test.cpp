// SPDX-License-Identifier: Apache-2.0
// What the kernel's block front end decides without the kernel, compiled here from the same file.
#include "backends/block/parse.hpp" // brings the ABI headers in: they hold templates, the next may not
extern "C" {
#include "frontends/linux/xvm_blkfront_core.h"
}

#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace xvm;

TEST_CASE("Only xvda to xvdz name a disk", "[disk]") {
    CHECK(xvm_blk_name_ok("xvda"));
    CHECK(xvm_blk_name_ok("xvdz"));
    for (const char* name :
         {"", "x", "xvd", "xvdA", "xvd1", "xvda1", "xvdaa", "sda", "../a", "xvd/", "xvd`", "xvd{"})
        CHECK_FALSE(xvm_blk_name_ok(name));
}

TEST_CASE("A ring is the largest power of two that both ends allow", "[R-13]") {
    CHECK(xvm_blk_ring_pages(4, 16) == 4);
    CHECK(xvm_blk_ring_pages(16, 16) == 16);
    CHECK(xvm_blk_ring_pages(16, 1) == 1);
    CHECK(xvm_blk_ring_pages(3, 16) == 2);
    CHECK(xvm_blk_ring_pages(16, 15) == 8);
    CHECK(xvm_blk_ring_pages(99, 0xffffffff) == 16);
    CHECK(xvm_blk_ring_pages(4, 0) == 0);
}

TEST_CASE("An answer is believed only for a request in flight, once", "[R-14]") {
    std::array<u64, 32> sent{};
    sent[3] = xvm_blk_id(3, 77);
    u32 tag = 99;
    xvm_blk_response answer{};
    answer.header.id = sent[3];
    CHECK(xvm_blk_judge(&answer, sent.data(), 32, &tag) == XVM_BLK_ANSWER_DONE);
    CHECK(tag == 3);

    const auto judge = [&](auto&& change) {
        xvm_blk_response changed = answer;
        change(changed);
        return xvm_blk_judge(&changed, sent.data(), 32, &tag);
    };
    CHECK(judge([](auto& r) { r.status = XVM_BLK_E_IO; }) == XVM_BLK_ANSWER_FAILED);
    CHECK(judge([](auto& r) { r.status = XVM_BLK_E_NO_SPACE; }) == XVM_BLK_ANSWER_NO_SPACE);
    CHECK(judge([](auto& r) { r.status = 1; }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.status = -7; }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.status = INT32_MIN; }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.reserved = 1; }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.header.id = 0; }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.header.id = 3; }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.header.id = xvm_blk_id(4, 77); }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.header.id = xvm_blk_id(32, 77); }) == XVM_BLK_ANSWER_ABSURD);
    CHECK(judge([](auto& r) { r.header.id = xvm_blk_id(0xffffffff, 77); }) == XVM_BLK_ANSWER_ABSURD);
    // The tag's next request is in flight when the old answer comes again.
    sent[3] = xvm_blk_id(3, 78);
    CHECK(judge([](auto&) {}) == XVM_BLK_ANSWER_ABSURD);
    sent[3] = 0;
    CHECK(judge([](auto&) {}) == XVM_BLK_ANSWER_ABSURD);
}

TEST_CASE("Pieces join where they touch and are whole sectors of one page", "[R-14]") {
    std::array<xvm_blk_piece, 3> at{};
    xvm_blk_pieces pieces{at.data(), 3, 0};
    char a, b;
    CHECK(xvm_blk_add_piece(&pieces, &a, 0, 512));
    CHECK(xvm_blk_add_piece(&pieces, &a, 512, 1024));
    CHECK(pieces.nr == 1);
    CHECK(at[0].length == 1536);
    CHECK(xvm_blk_add_piece(&pieces, &a, 2048, 512)); // a gap
    CHECK(pieces.nr == 2);
    CHECK(xvm_blk_add_piece(&pieces, &b, 2560, 512)); // another page
    CHECK(pieces.nr == 3);
    CHECK_FALSE(xvm_blk_add_piece(&pieces, &a, 0, 512)); // no room
    CHECK(xvm_blk_add_piece(&pieces, &b, 3072, 1024));   // but this one joins
    pieces.nr = 0;
    CHECK_FALSE(xvm_blk_add_piece(&pieces, &a, 1, 512));
    CHECK_FALSE(xvm_blk_add_piece(&pieces, &a, 0, 0));
    CHECK_FALSE(xvm_blk_add_piece(&pieces, &a, 0, 511));
    CHECK_FALSE(xvm_blk_add_piece(&pieces, &a, 4096, 512));
    CHECK_FALSE(xvm_blk_add_piece(&pieces, &a, 3584, 1024));
    CHECK_FALSE(xvm_blk_add_piece(&pieces, &a, 512, 0xfffffe00));
    CHECK(pieces.nr == 0);
}

TEST_CASE("What the front end builds the back end's judge accepts", "[R-14]") {
    std::mt19937 random(3);
    std::vector<xvm_blk_piece> at(XVM_BLK_SEGMENTS_MAX);
    std::array<char, 512> pages{};
    for (int round = 0; round < 10'000; ++round) {
        xvm_blk_pieces pieces{at.data(), XVM_BLK_SEGMENTS_MAX, 0};
        std::uint32_t bytes = 0;
        for (unsigned i = 0, count = 1 + random() % 300; i < count; ++i) {
            const u32 offset = random() % 8 * 512, length = (1 + random() % (8 - offset / 512)) * 512;
            if (!xvm_blk_add_piece(&pieces, &pages[random() % pages.size()], offset, length)) break;
            bytes += length;
        }
        std::vector<xvm_blk_segment> segments;
        for (u32 i = 0; i < pieces.nr; ++i) {
            at[i].gref = 100 + i;
            segments.push_back(xvm_blk_segment_of(&at[i]));
        }
        std::vector<block::Piece> parsed(segments.size());
        std::uint32_t total = 0;
        REQUIRE(block::parse_segments(segments, 0, {1 << 20, 256, false}, parsed, total) ==
                block::Verdict::ok);
        REQUIRE(total == bytes);
        for (u32 i = 0; i < pieces.nr; ++i) {
            REQUIRE(parsed[i].offset == at[i].offset);
            REQUIRE(parsed[i].length == at[i].length);
        }
    }
}
