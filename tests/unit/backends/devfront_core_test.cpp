// SPDX-License-Identifier: Apache-2.0
// [H-11] [H-14] What the guest's module decides without a kernel: which request fits which state, and what is
// none.
#include "libvmshare/abi/device.h" // it holds templates, the next may not

#include <catch2/catch.hpp>
#include <cerrno>

extern "C" {
#include "frontends/linux/xvm_devfront_core.h"
}

namespace {

xvm_dev_request request(std::uint32_t kind) {
    xvm_dev_request one{};
    one.kind = kind;
    one.device = 0x80;
    switch (kind) {
    case XVM_DEV_PREPARE:
        one.arg[1] = 4;
        one.arg[2] = XVM_DEV_TRANSFER;
        break;
    case XVM_DEV_STOP:
        one.arg[0] = 100;
        break;
    case XVM_DEV_FLIP:
        one.arg[0] = 5;
        one.arg[1] = XVM_DEV_TRANSFER;
        break;
    case XVM_DEV_TAKE:
        one.arg[1] = 0xfea00000;
        one.arg[2] = 0x100000;
        one.arg[3] = 55;
        one.arg[5] = 4;
        break;
    default:
        break;
    }
    return one;
}

xvm_dev_task next(std::uint32_t state, const xvm_dev_request& one, std::uint32_t wanted) {
    std::uint32_t status = XVM_DEV_STATUSES;
    const auto task = xvm_dev_next(static_cast<xvm_dev_state>(state), &one, &status);
    CHECK(status == wanted);
    return task;
}

} // namespace

TEST_CASE("A whole handover is accepted in its order, and each request once more [H-11]", "[devfront]") {
    for (const auto& list : {std::vector<std::uint32_t>{XVM_DEV_PREPARE, XVM_DEV_TAKE, XVM_DEV_RUN,
                                                        XVM_DEV_STOP, XVM_DEV_FLIP, XVM_DEV_REFILL},
                             {XVM_DEV_PREPARE, XVM_DEV_ABANDON},
                             {XVM_DEV_PREPARE, XVM_DEV_TAKE, XVM_DEV_STOP, XVM_DEV_TAKE, XVM_DEV_RUN,
                              XVM_DEV_STOP, XVM_DEV_DROP}}) {
        auto state = XVM_DEV_ABSENT;
        for (const std::uint32_t kind : list) {
            CHECK(next(state, request(kind), XVM_DEV_OK) == XVM_DEV_DO);
            state = xvm_dev_after(state, kind);
            CHECK(next(state, request(kind), XVM_DEV_OK) == XVM_DEV_REPEAT);
        }
        CHECK(state == XVM_DEV_ABSENT);
    }
}

TEST_CASE("What is out of order is refused: a device is flipped only when it is stopped [H-11]",
          "[devfront]") {
    for (const auto state : {XVM_DEV_ABSENT, XVM_DEV_PREPARED, XVM_DEV_TAKEN, XVM_DEV_RUNNING})
        CHECK(next(state, request(XVM_DEV_FLIP), XVM_DEV_BAD_ORDER) == XVM_DEV_REFUSE);
    for (const auto state : {XVM_DEV_ABSENT, XVM_DEV_PREPARED, XVM_DEV_STOPPED, XVM_DEV_FLIPPED})
        CHECK(next(state, request(XVM_DEV_RUN), XVM_DEV_BAD_ORDER) == XVM_DEV_REFUSE);
    xvm_dev_request fresh = request(XVM_DEV_TAKE);
    fresh.arg[4] = 1;
    CHECK(next(XVM_DEV_ABSENT, fresh, XVM_DEV_OK) == XVM_DEV_DO);
    CHECK(next(XVM_DEV_PREPARED, fresh, XVM_DEV_BAD_ORDER) == XVM_DEV_REFUSE);
    CHECK(next(XVM_DEV_ABSENT, request(XVM_DEV_TAKE), XVM_DEV_BAD_ORDER) == XVM_DEV_REFUSE);
}

TEST_CASE("A request that is none is refused whatever the state", "[devfront]") {
    const auto bad = [](std::uint32_t kind, std::size_t at, std::uint64_t value) {
        xvm_dev_request one = request(kind);
        one.arg[at] = value;
        for (std::uint32_t state = 0; state < XVM_DEV_STATES; ++state)
            CHECK(next(state, one, XVM_DEV_BAD_REQUEST) == XVM_DEV_REFUSE);
    };
    bad(0, 0, 0);
    bad(XVM_DEV_KINDS, 0, 0);
    bad(0xffffffff, 0, 0);
    bad(XVM_DEV_PREPARE, 1, 0);
    bad(XVM_DEV_PREPARE, 1, XVM_DEV_PAGES_MAX + 1);
    bad(XVM_DEV_PREPARE, 2, 3);
    bad(XVM_DEV_STOP, 0, 0);
    bad(XVM_DEV_FLIP, 0, 0x7ff0);
    bad(XVM_DEV_FLIP, 1, 0);
    bad(XVM_DEV_TAKE, 1, 0);
    bad(XVM_DEV_TAKE, 1, 0xfea00001);
    bad(XVM_DEV_TAKE, 2, 0);
    bad(XVM_DEV_TAKE, 2, (1ULL << 32) + 1);
    bad(XVM_DEV_TAKE, 4, 2);
    bad(XVM_DEV_TAKE, 5, XVM_DEV_PAGES_MAX + 1);
}

TEST_CASE("A context is one only with its mark, product, size and pages [H-7]", "[devfront]") {
    const xvm_dev_context good{XVM_DEV_CONTEXT_MAGIC, 64, 0x123411e8, 4, 2, 17};
    CHECK(xvm_dev_context_ok(&good, 0x123411e8, 64, 4));
    CHECK_FALSE(xvm_dev_context_ok(&good, 0x123411e9, 64, 4));
    CHECK_FALSE(xvm_dev_context_ok(&good, 0x123411e8, 63, 4));
    CHECK_FALSE(xvm_dev_context_ok(&good, 0x123411e8, 64, 5));
    xvm_dev_context other = good;
    other.magic ^= 1;
    CHECK_FALSE(xvm_dev_context_ok(&other, 0x123411e8, 64, 4));
}

TEST_CASE("An error of the kernel becomes a status", "[devfront]") {
    CHECK(xvm_dev_status_of(0) == XVM_DEV_OK);
    CHECK(xvm_dev_status_of(-EBUSY) == XVM_DEV_BUSY);
    CHECK(xvm_dev_status_of(-ENOMEM) == XVM_DEV_NO_MEMORY);
    CHECK(xvm_dev_status_of(-EBADMSG) == XVM_DEV_NO_CONTEXT);
    CHECK(xvm_dev_status_of(-EIO) == XVM_DEV_FAILED);
}
