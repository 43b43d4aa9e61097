// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/cpu_list.hpp"

#include <catch2/catch.hpp>

using xvm::plan::cpu_list_text;
using xvm::plan::parse_cpu_list;
using List = std::vector<unsigned>;

TEST_CASE("Processors are written as numbers and ranges, and come back sorted, each once") {
    CHECK(parse_cpu_list("0") == List{0});
    CHECK(parse_cpu_list("6,0-3") == List{0, 1, 2, 3, 6});
    CHECK(parse_cpu_list("2,2,1-2") == List{1, 2});
    CHECK(parse_cpu_list("all") == List{});
    for (const char* text :
         {"", ",", "1,", "-1", "1-", "3-1", "a", "0x1", " 1", "1 2", "4096", "1--2", "99999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_cpu_list(text));
    }
}

TEST_CASE("The text of a list is its shortest, and all of the host's processors are 'all'") {
    CHECK(cpu_list_text({0, 1, 2, 3, 6}, 8) == "0-3,6");
    CHECK(cpu_list_text({1}, 8) == "1");
    CHECK(cpu_list_text({0, 1}, 2) == "all");
    CHECK(cpu_list_text({}, 2) == "all");
    CHECK(parse_cpu_list(cpu_list_text({0, 2, 3, 9}, 16)) == List{0, 2, 3, 9});
}
