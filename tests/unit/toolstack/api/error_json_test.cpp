// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/error_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace xvm;

TEST_CASE("Every kind of failure survives the trip through JSON") {
    for (int value = 1; value <= 9; ++value) {
        api::Failure failure{
            Error{static_cast<Fault>(value), "guest.toml:3:1", "unknown key", "did you mean 'x'?"}};
        failure.more.push_back(Error{static_cast<Fault>(value), "guest.toml:4:1", "another", ""});
        const auto json = api::failure_json(failure);
        CHECK(json.at("exit_code") == value);
        const auto back = api::parse_failure(boost::json::parse(boost::json::serialize(json)));
        REQUIRE(back);
        CHECK(back->fault == failure.fault);
        CHECK(back->line() == failure.line());
        REQUIRE(back->more.size() == 1);
        CHECK(back->more[0].line() == "guest.toml:4:1: another");
        CHECK(api::http_status(failure.fault) >= 400);
    }
}

TEST_CASE("What is no failure is not taken for one") {
    CHECK_FALSE(api::parse_failure(boost::json::parse("{}")));
    CHECK_FALSE(api::parse_failure(boost::json::parse("[1]")));
    CHECK_FALSE(api::parse_failure(boost::json::parse(R"({"schema":"xvm.error/2","fault":"busy"})")));
    CHECK_FALSE(api::parse_failure(boost::json::parse(R"({"schema":"xvm.error/1","fault":"tired"})")));
}
