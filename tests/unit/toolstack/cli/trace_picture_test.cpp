// SPDX-License-Identifier: Apache-2.0
// The picture of a guest's requests; that browsers' XML takes it, tests/hosted/toolstack_verbs_test.py shows.
#include "toolstack/cli/trace_picture.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace xvm::cli;

namespace {

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t many = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++many;
    return many;
}

} // namespace

TEST_CASE("Requests without times are not drawn") {
    const auto rows = boost::json::parse(R"([{"dev": "xvda", "clock": "none"}, "nonsense", {"dev": "xvda",
        "clock": "tick", "submitted_ns": 5, "queue_ns": 1, "service_ns": 2}])");
    const auto requests = requests_of(rows.as_array());
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].whole_ns() == 3);
    CHECK_FALSE(requests[0].precise);
    CHECK(picture_of("web", {}).find("No request") != std::string::npos);
}

TEST_CASE("The picture names the guest, its disks, the units and each phase") {
    std::vector<Timed_request> requests;
    for (std::uint64_t i = 0; i < 200; ++i)
        requests.push_back(
            {i % 2 ? "xvda" : "xvdb", 1'000'000 + i * 50'000, 20'000, 1000 + i, 90'000 * (i % 7)});
    const std::string picture = picture_of("a<b>&\"c\"", requests);
    CHECK(picture.find("a&lt;b&gt;&amp;&quot;c&quot;") != std::string::npos);
    for (const char* said : {"200 requests of xvda xvdb in 9.9 ms",
                             "wake: ", "queue: ", "service: ", "mean time, ", "time since the first"})
        CHECK(picture.find(said) != std::string::npos);
    CHECK(count(picture, "<circle") > 1);
    CHECK(count(picture, "<rect") > 100); // the columns of the upper panel, too
}

TEST_CASE("However many requests there are, the picture stays small, and the slowest is in it") {
    std::vector<Timed_request> requests(100'000, {"xvda", 1, 0, 0, 1000});
    for (std::size_t i = 0; i < requests.size(); ++i)
        requests[i].at_ns = i + 1;
    requests[50'000].service_ns = 2'000'000'000;
    const std::string picture = picture_of("web", requests);
    CHECK(picture.size() < 1'000'000);
    CHECK(picture.find("10.0 s") != std::string::npos); // the axis reaches it
}

TEST_CASE("Times that are all zero, at one instant, and as long as can be, are drawn, too") {
    CHECK(count(picture_of("web", {{"xvda", 7, 0, 0, 0}}), "stroke=\"#777\"") == 1);
    const std::string picture =
        picture_of("web", {{"xvda", 1, ~0ULL / 4, ~0ULL / 4, ~0ULL / 4}, {"xvda", ~0ULL, 0, 0, 0}});
    CHECK(picture.find("nan") == std::string::npos);
    CHECK(picture.find("inf") == std::string::npos);
}

TEST_CASE("A request that was over within its tick has a row of its own, and no phase") {
    const std::string picture =
        picture_of("web", {{"xvda", 4'000'000, 0, 0, 0, false}, {"xvda", 8'000'000, 4'000'000, 0, 0, false}});
    CHECK(picture.find("&lt; 1 tick") != std::string::npos);
    CHECK(picture.find("times are whole ticks") != std::string::npos);
    CHECK(count(picture, "stroke=\"#777\"") == 1);
    CHECK(count(picture, "<circle") == 3); // that, the wake's, and the legend's
    CHECK(count(picture, "<path") == 1);   // the legend's
}
