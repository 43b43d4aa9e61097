// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/number.hpp"
#include "libvmshare/base/untrusted.hpp"

#include <catch2/catch.hpp>

using namespace xvm;

TEST_CASE("A uuid survives text and back") {
    const Uuid uuid = Uuid::random();
    CHECK(Uuid::parse(uuid.text()) == uuid);
    CHECK(uuid.text()[14] == '4');
    CHECK(Uuid::random() != uuid);
}

TEST_CASE("Text that is not exactly a uuid is refused") {
    CHECK(Uuid::parse("00112233-4455-6677-8899-aabbccddeeff"));
    CHECK_FALSE(Uuid::parse("00112233-4455-6677-8899-aabbccddeef"));
    CHECK_FALSE(Uuid::parse("00112233-4455-6677-8899-aabbccddeeff0"));
    CHECK_FALSE(Uuid::parse("00112233445566778899aabbccddeeff"));
    CHECK_FALSE(Uuid::parse("0011223g-4455-6677-8899-aabbccddeeff"));
    CHECK_FALSE(Uuid::parse(""));
}

TEST_CASE("A domid is decimal digits below Xen's own range") {
    CHECK(parse_domid("7") == Domid{7});
    CHECK(parse_domid("32751") == Domid{32751});
    CHECK_FALSE(parse_domid("32752"));
    CHECK_FALSE(parse_domid("-1"));
    CHECK_FALSE(parse_domid("1 "));
    CHECK_FALSE(parse_domid(""));
    CHECK_FALSE(parse_domid("99999999999"));
}

TEST_CASE("An untrusted value leaves only through a rule") {
    CHECK(Untrusted<int>(4).check(within(0, 7)) == 4);
    CHECK_FALSE(Untrusted<int>(8).check(within(0, 7)));
}
