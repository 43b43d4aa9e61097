// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/target.hpp"

#include <catch2/catch.hpp>

using xvm::api::target;

TEST_CASE("A target's parts are escaped, so that none becomes two") {
    CHECK(target({"v1", "domains"}) == "/v1/domains");
    CHECK(target({"v1", "domains", "a/b?c"}) == "/v1/domains/a%2Fb%3Fc");
    CHECK(target({"v1", "domains"}, {{"source", "/etc/xvm/a b.toml"}, {"paused", "1"}}) ==
          "/v1/domains?source=/etc/xvm/a%20b.toml&paused=1");
}
