// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/result.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

using namespace xvm;

namespace {
Result<int> half(int n) {
    if (n % 2) return fail(Fault::usage, "n", "is odd", "use an even number");
    return n / 2;
}
Result<int> quarter(int n) {
    XVM_TRY_LET(const int h, half(n));
    XVM_TRY_LET(const int q, half(h));
    return q;
}
} // namespace

TEST_CASE("An error reads as object, cause and remedy in one line") {
    CHECK(half(3).error().line() == "n: is odd; use an even number");
    CHECK(Error{Fault::failed, "", "no luck", ""}.line() == "no luck");
}

TEST_CASE("XVM_TRY_LET hands on the value or the error") {
    CHECK(quarter(8) == 2);
    CHECK(quarter(6).error().fault == Fault::usage);
}

TEST_CASE("A system call's error becomes the kind that its errno means") {
    CHECK(fail_errno(ENOENT, "x", "cannot open").value().fault == Fault::not_found);
    CHECK(fail_errno(EBUSY, "x", "cannot open").value().fault == Fault::busy);
    CHECK(fail_errno(ENOMEM, "x", "cannot map").value().fault == Fault::exhausted);
    CHECK(fail_errno(EPERM, "x", "cannot map").value().fault == Fault::denied);
    CHECK(fail_errno(EIO, "x", "cannot read").value().line() == "x: cannot read: Input/output error");
}
