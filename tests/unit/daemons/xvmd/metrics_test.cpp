// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/metrics.hpp"

#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

using namespace xvm::xvmd;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;

namespace {

Metrics_facts sample() {
    Metrics_facts facts;
    facts.memory = {8ULL << 30, 3ULL << 30, 1ULL << 20};
    facts.domains = {{"running", 3}, {"wants reboot", 1}};
    facts.block_backend_up = true;
    facts.disks = {{"web", "xvda", 10, 1, 4096, 512}, {"a\"b\\c\nd", "xvdb", 0, 0, 0, 0}};
    return facts;
}

/// What the text format demands of every line; the line that breaks it, or nothing.
std::string broken_line(const std::string& text) {
    static const std::regex comment("# (HELP|TYPE) [a-z_]+ .+");
    static const std::regex value(R"re([a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? (-?[0-9.e+]+|\+Inf))re");
    std::istringstream lines(text);
    std::set<std::string> described;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) {
            if (!described.insert(line.substr(7, line.find(' ', 7) - 7)).second) return line;
        } else if (!std::regex_match(line, line.starts_with('#') ? comment : value)) {
            return line;
        }
    }
    return {};
}

} // namespace

TEST_CASE("Counters, durations and what is so now are in one text") {
    Metrics metrics("1.2.3");
    metrics.count_operation("create", "done", 20ms);
    metrics.count_operation("create", "exhausted", 2ms);
    metrics.count_operation("create", "done", 20ms);
    metrics.count_request("GET", 200);
    metrics.count_request("BREW", 405);
    metrics.count_moved("memory move", 4096);
    metrics.count_moved("memory move", 4096);
    const std::string text = metrics.text(sample());
    CHECK_THAT(text, Contains("xvm_build_info{version=\"1.2.3\"} 1\n"));
    CHECK_THAT(text, Contains("xvm_operations_total{outcome=\"done\",verb=\"create\"} 2\n"));
    CHECK_THAT(text, Contains("xvm_operations_total{outcome=\"exhausted\",verb=\"create\"} 1\n"));
    CHECK_THAT(text, Contains("xvm_operation_duration_seconds_count{verb=\"create\"} 3\n"));
    CHECK_THAT(text, Contains("xvm_operation_duration_seconds_bucket{verb=\"create\",le=\"0.0025\"} 1\n"));
    CHECK_THAT(text, Contains("xvm_http_requests_total{method=\"other\",status=\"405\"} 1\n"));
    CHECK_THAT(text, Contains("xvm_domains{state=\"wants reboot\"} 1\n"));
    CHECK_THAT(text, Contains("xvm_memory_free_bytes 3221225472\n"));
    CHECK_THAT(text, Contains("xvm_memory_promised_bytes 1048576\n"));
    CHECK_THAT(text, Contains("xvm_memory_moved_bytes_total{verb=\"memory move\"} 8192\n"));
    CHECK_THAT(text, Contains("xvm_disk_written_bytes_total{domain=\"web\",dev=\"xvda\"} 512\n"));
    CHECK_THAT(text, Contains("# TYPE xvm_disk_requests_total counter\n"));
}

TEST_CASE("The text is in Prometheus' format, whatever guests are called") {
    Metrics metrics("1.2.3");
    metrics.count_operation("disk attach", "done", 1ms);
    CHECK(broken_line(metrics.text(sample())) == "");
    CHECK(broken_line(metrics.text({})) == "");
    // The check itself: each of these it must find.
    CHECK(broken_line("xvm_x{a=\"b\"c\"} 1\n") != "");
    CHECK(broken_line("xvm-x 1\n") != "");
    CHECK(broken_line("xvm_x\n") != "");
    CHECK(broken_line("# TYPE xvm_x gauge\n# TYPE xvm_x gauge\n") != "");
}

TEST_CASE("What cannot be asked is left out, not made up") {
    const std::string text = Metrics("1").text({});
    CHECK(text.find("xvm_memory") == std::string::npos);
    CHECK_THAT(text, Contains("xvm_block_backend_up 0\n"));
}

TEST_CASE("Workers count at once without losing any") {
    Metrics metrics("1");
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i)
        workers.emplace_back([&] {
            for (int n = 0; n < 500; ++n)
                metrics.count_operation("pause", "done", 1ms);
        });
    for (std::thread& worker : workers)
        worker.join();
    CHECK_THAT(metrics.text({}), Contains("xvm_operations_total{outcome=\"done\",verb=\"pause\"} 2000\n"));
}
