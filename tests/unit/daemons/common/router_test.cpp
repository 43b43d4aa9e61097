// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/router.hpp"

#include <catch2/catch.hpp>

using namespace xvm::daemon;

namespace {

Response ask(const Router& router, const std::string& method, const std::string& target) {
    Response got;
    Request request;
    request.method = method;
    router.serve(std::move(request), target, Reply([&](Response response) { got = std::move(response); }));
    return got;
}

Router sample() {
    Router router;
    router.add("GET", "/v1/domains", immediate([](const Request& request) {
                   return Response{200, "text/plain", "all " + request.query.at("state")};
               }));
    router.add("GET", "/v1/domains/{id}/disks", immediate([](const Request& request) {
                   return Response{200, "text/plain", request.parameters.at("id")};
               }));
    router.add("DELETE", "/v1/domains/{id}", [](const Request&, const Reply&) {});
    return router;
}

} // namespace

TEST_CASE("A route's names and the query are handed over unescaped") {
    const Router router = sample();
    CHECK(ask(router, "GET", "/v1/domains/a%20b%2Fc/disks").body == "a b/c");
    CHECK(ask(router, "GET", "/v1/domains?state=not%20here").body == "all not here");
}

TEST_CASE("What no route serves is refused with a status of its own") {
    const Router router = sample();
    CHECK(ask(router, "GET", "/v2/domains").status == 404);
    CHECK(ask(router, "GET", "/v1/domains//disks").status == 404);
    CHECK(ask(router, "PUT", "/v1/domains").status == 405);
    CHECK(ask(router, "GET", "no path").status == 400);
    CHECK(ask(router, "GET", "/%zz").status == 400);
    CHECK(ask(router, "PUT", "/v1/domains").body.find("it takes GET") != std::string::npos);
}

TEST_CASE("A handler that forgets its reply leaves no client waiting") {
    const Response response = ask(sample(), "DELETE", "/v1/domains/web");
    CHECK(response.status == 503);
    CHECK(response.body.find("xvm.error/1") != std::string::npos);
}
