// SPDX-License-Identifier: Apache-2.0
// From histograms to medians: of what came in between, right to the bucket.
#include "toolstack/cli/disk_histogram.hpp"
#include "toolstack/cli/disk_times.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace xvm::cli;
namespace json = boost::json;

TEST_CASE("A quantile lies in the bucket that holds it") {
    const Time_counts counts{{1, 10}, {1024, 80}, {1 << 20, 10}};
    CHECK(quantile_ns(counts, 0.05) == 0U);
    CHECK(*quantile_ns(counts, 0.5) >= 512);
    CHECK(*quantile_ns(counts, 0.5) <= 1024);
    CHECK(*quantile_ns(counts, 0.99) >= 1 << 19);
    CHECK(*quantile_ns(counts, 0.99) <= 1 << 20);
    CHECK_FALSE(quantile_ns({}, 0.5));
}

TEST_CASE("What came since is the difference, and all of a count that began anew") {
    CHECK(since({{8, 5}, {16, 2}}, {{8, 5}}) == Time_counts{{16, 2}});
    CHECK(since({{8, 1}}, {{8, 5}}) == Time_counts{{8, 1}});
    CHECK(since({{8, 1}}, {{16, 5}}) == Time_counts{{8, 1}});
}

TEST_CASE("A domain's disks get the times of what they did meanwhile, and the domain those of all") {
    const json::value before =
        json::parse(R"({"domid": 1, "disks": [{"devid": 51712, "requests": 100, "times": {
        "wake": {"buckets": [{"below_ns": 4096, "count": 100}]}}}]})");
    json::value now = json::parse(R"({"domid": 1, "disks": [
        {"devid": 51712, "requests": 300, "times": {"wake": {"buckets": [{"below_ns": 4096, "count": 100},
                                                                          {"below_ns": 65536, "count": 200}]}}},
        {"devid": 51728, "requests": 10, "times": {"service": {"buckets": [{"below_ns": 256, "count": 10}]}}}]})");
    add_disk_times(now.get_object(), &before, 2);
    const json::value& one = now.at("disks").at(0);
    CHECK(one.at("requests_per_s").to_number<int>() == 100);
    CHECK(one.at("wake_p50_ns").to_number<int>() >= 32768); // the hundred quick ones were before
    CHECK_FALSE(one.as_object().contains("queue_p50_ns"));
    CHECK(now.at("disks").at(1).at("service_p99_ns").to_number<int>() <= 256);
    CHECK(now.at("wake_p99_ns").to_number<int>() >= 32768);
    CHECK(now.as_object().contains("service_p50_ns"));
}

TEST_CASE("Without an earlier count, or with nonsense for one, nothing is claimed") {
    json::value now =
        json::parse(R"({"disks": [{"devid": 1, "times": {"wake": {"buckets": ["x", {"count": -1}]}}}, 7]})");
    add_disk_times(now.get_object(), nullptr, 1);
    CHECK_FALSE(now.at("disks").at(0).as_object().contains("requests_per_s"));
    const json::value before = 7;
    add_disk_times(now.get_object(), &before, 1);
    CHECK_FALSE(now.as_object().contains("wake_p50_ns"));
}

TEST_CASE("A histogram has a row a bucket, and bars as long as the counts are high") {
    const json::value disk = json::parse(R"({"dev": "xvda", "detail": {"times": {"clock": "precise",
        "queue": {"buckets": [{"below_ns": 1024, "count": 300}]},
        "service": {"buckets": [{"below_ns": 1024, "count": 1}, {"below_ns": 65536, "count": 299}]}}}})");
    CHECK(histogram_of(disk) == "xvda: requests by how long each phase took, by the precise clock\n"
                                "  UP TO  WAKE    QUEUE                SERVICE                WHOLE\n"
                                " 1.0 us            300  ############        1  #\n"
                                "65.5 us                                   299  ############\n");
}

TEST_CASE("A histogram of ticks says how long one is; without times there is none") {
    const json::value disk = json::parse(R"({"dev": "xvdb", "detail": {"times": {"clock": "tick",
        "tick_ns": 4000000, "whole": {"buckets": [{"below_ns": 1, "count": 3}]}}}})");
    CHECK(histogram_of(disk).starts_with(
        "xvdb: requests by how long each phase took, in whole ticks of 4.0 ms\n"));
    for (const char* none :
         {"{}", "7", R"({"detail": 1})", R"({"detail": {"times": {"wake": {"buckets": [3]}}}})"})
        CHECK(histogram_of(json::parse(none)).empty());
}
