// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/images.hpp"

#include "libvmshare/base/unique_fd.hpp"
#include "tests/unit/daemons/common/scratch.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>

using namespace xvm;
using namespace xvm::plan;

namespace {

std::string file_of(const tests::Scratch& scratch, const std::string& name, const std::string& content) {
    std::ofstream(scratch / name, std::ios::binary) << content;
    return scratch / name;
}

} // namespace

TEST_CASE("A kernel is read whole from its file; what is none is refused by name") {
    const tests::Scratch scratch;
    const std::string path = file_of(scratch, "k", "kernel");
    const auto kernel = load_image({path, {}}, "kernel");
    REQUIRE(kernel);
    CHECK(kernel->size() == 6);

    const auto refused = [&](const std::string& name, const std::string& entry = {}) {
        const auto result = load_image({scratch / name, entry}, "kernel");
        REQUIRE_FALSE(result);
        CHECK(result.error().object.starts_with("kernel: " + scratch.path()));
        return result.error().fault;
    };
    file_of(scratch, "empty", "");
    ::mkdir((scratch / "dir").c_str(), 0700);
    CHECK(refused("none") == Fault::not_found);
    CHECK(refused("empty") == Fault::usage);
    CHECK(refused("dir") == Fault::usage);
    CHECK(refused("none", "vmlinux") == Fault::not_found);
    CHECK(refused("k", "vmlinux") != Fault::not_found);
}

TEST_CASE("A disk's file is looked at before a guest is started on it") {
    const tests::Scratch scratch;
    const std::string path = file_of(scratch, "d", std::string(4096, '\0'));
    Disk_config disk{"xvda", 51712, Disk_kind::raw, path, true};
    CHECK(check_disk(disk));

    disk.path = file_of(scratch, "odd", "odd");
    CHECK(check_disk(disk).error().fault == Fault::usage);
    disk.path = scratch / "none";
    CHECK(check_disk(disk).error().fault == Fault::not_found);
    CHECK(check_disk(disk).error().object.starts_with("disk xvda: "));
    disk.path = path;
    disk.kind = Disk_kind::pack;
    CHECK_FALSE(check_disk(disk));
}

TEST_CASE("A disk that another program has locked is busy, unless both only read") {
    const tests::Scratch scratch;
    const std::string path = file_of(scratch, "d", std::string(4096, '\0'));
    const Unique_fd other(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    Disk_config disk{"xvda", 51712, Disk_kind::raw, path, true};

    REQUIRE(::flock(other.get(), LOCK_SH) == 0);
    CHECK(check_disk(disk).error().fault == Fault::busy);
    disk.writable = false;
    CHECK(check_disk(disk));
    REQUIRE(::flock(other.get(), LOCK_EX) == 0);
    CHECK(check_disk(disk).error().fault == Fault::busy);
}
