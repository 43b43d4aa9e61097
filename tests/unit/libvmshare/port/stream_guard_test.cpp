// SPDX-License-Identifier: Apache-2.0
// How a stream of libxenguest is watched and cut off. No hypervisor is needed: to the library it is a file.
#include "libvmshare/port/xen/stream_guard.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <sys/mman.h>
#include <unistd.h>

using namespace xvm;
using port::Stream_hooks;
using port::xen::Stream_guard;

namespace {

/// Writes until it fails, as the library does; at most `pieces`.
unsigned write_pieces(int fd, unsigned pieces) {
    const std::array<char, 4096> piece{};
    for (unsigned i = 0; i < pieces; ++i) {
        if (::write(fd, piece.data(), piece.size()) != static_cast<ssize_t>(piece.size())) return i;
        ::usleep(1000);
    }
    return pieces;
}

constexpr unsigned for_ever = 60'000; // a minute

} // namespace

TEST_CASE("A stream that nobody watches is written as it is, behind the caller's offset") {
    const Unique_fd file(::memfd_create("stream", MFD_CLOEXEC));
    REQUIRE(::write(file.get(), "head", 4) == 4);
    {
        const Stream_hooks hooks;
        const auto guard = Stream_guard::lend(file.get(), hooks);
        REQUIRE(guard);
        CHECK(write_pieces((*guard)->fd(), 2) == 2);
        CHECK_FALSE((*guard)->cancelled());
    }
    CHECK(::lseek(file.get(), 0, SEEK_CUR) == 4 + 2 * 4096);
}

TEST_CASE("A cancelled stream takes no more, and the caller's file is left as it is") {
    const Unique_fd file(::memfd_create("stream", MFD_CLOEXEC));
    std::atomic<bool> cancel = false;
    const Stream_hooks hooks{[&](std::uint64_t) { cancel = true; }, [&] { return cancel.load(); }};
    const auto guard = Stream_guard::lend(file.get(), hooks);
    REQUIRE(guard);
    CHECK(write_pieces((*guard)->fd(), for_ever) < for_ever);
    CHECK((*guard)->cancelled());
    CHECK(cancel); // it was told of progress before
    CHECK(::write(file.get(), "more", 4) == 4);
}

TEST_CASE("A reader of a cancelled stream finds its end") {
    const Unique_fd file(::memfd_create("stream", MFD_CLOEXEC));
    REQUIRE(::ftruncate(file.get(), off_t{4096} * for_ever) == 0);
    const Stream_hooks hooks{{}, [] { return true; }};
    const auto guard = Stream_guard::lend(file.get(), hooks);
    REQUIRE(guard);
    std::array<char, 4096> piece{};
    unsigned pieces = 0;
    while (::read((*guard)->fd(), piece.data(), piece.size()) > 0) {
        ++pieces;
        ::usleep(1000);
    }
    CHECK(pieces < for_ever);
}
