// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/library_log.hpp"

#include <catch2/catch.hpp>

using namespace xvm::port::xen;

TEST_CASE("A line of libxenguest loses its decoration") {
    CHECK(plain_line("panic: xg_dom_core.c:689: xc_dom_find_loader: no loader found: Invalid kernel") ==
          "no loader found: Invalid kernel");
    CHECK(plain_line("Could not bounce buffer: Internal error") == "Could not bounce buffer");
    CHECK(plain_line("panic: odd") == "odd");
    CHECK(plain_line("panic: a: b") == "a: b");
    CHECK(plain_line("plain\n") == "plain");
    CHECK(plain_line("").empty());
}

TEST_CASE("The log keeps errors only, the first one as the cause, and no more than its limit") {
    Library_log log;
    xtl_log(log.logger(), XTL_DETAIL, -1, "xc", "domainbuilder: detail");
    CHECK(log.cause().empty());
    xtl_log(log.logger(), XTL_ERROR, 22, "xc", "%s", "panic: f.c:1: f: segment kernel too large");
    for (int i = 0; i < 100; ++i)
        xtl_log(log.logger(), XTL_ERROR, -1, "xc", "more %d", i);
    CHECK(log.cause() == "segment kernel too large");
    CHECK(log.mentions("too large"));
    CHECK(log.mentions("more 6"));
    CHECK_FALSE(log.mentions("more 7"));
    log.clear();
    CHECK(log.cause().empty());
    CHECK_FALSE(log.mentions("too large"));
}
