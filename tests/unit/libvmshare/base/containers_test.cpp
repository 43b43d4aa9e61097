// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/bounded_queue.hpp"
#include "libvmshare/base/scope_guard.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>

using namespace xvm;

TEST_CASE("A bounded queue refuses what is past its limit and keeps order") {
    Bounded_queue<int> queue(2);
    CHECK(queue.push(1));
    CHECK(queue.push(2));
    CHECK_FALSE(queue.push(3));
    CHECK(queue.pop() == 1);
    CHECK(queue.pop() == 2);
    CHECK_FALSE(queue.pop());
}

TEST_CASE("A descriptor is closed exactly once, by its last owner") {
    Unique_fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int raw = first.get();
    Unique_fd second(std::move(first));
    CHECK(first.get() == -1);
    CHECK(::fcntl(raw, F_GETFD) != -1);
    second.reset();
    CHECK(::fcntl(raw, F_GETFD) == -1);
}

TEST_CASE("A dismissed guard does nothing") {
    int runs = 0;
    {
        Scope_guard guard([&] { ++runs; });
    }
    {
        Scope_guard guard([&] { ++runs; });
        guard.dismiss();
    }
    CHECK(runs == 1);
}
