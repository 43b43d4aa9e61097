// SPDX-License-Identifier: Apache-2.0
// What port::Loops promises, on the hosted port and on this machine's loop driver.
#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/port/hosted/devices.hpp"
#include "libvmshare/port/linux/loops.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace xvm;

namespace {

class File {
  public:
    File() : path_(std::filesystem::temp_directory_path() / ("xvm-loop-" + std::to_string(::getpid()))) {
        std::ofstream(path_) << "the first bytes";
        std::filesystem::resize_file(path_, 1 << 20);
    }
    ~File() { std::filesystem::remove(path_); }
    [[nodiscard]] std::string path() const { return path_.string(); }
    void resize(std::uintmax_t bytes) const { std::filesystem::resize_file(path_, bytes); }

  private:
    std::filesystem::path path_;
};

const std::string label = "xvm:11111111-2222-4333-8444-555555555555:xvda:" + std::to_string(::getpid());

void keeps_the_contract(port::Loops& loops, const File& file) {
    const auto first = loops.attach(file.path(), true, label);
    REQUIRE(first);
    CHECK(first->path.starts_with("/dev/loop"));
    CHECK(loops.attach(file.path(), true, label).value() == *first);
    const auto other = loops.attach(file.path(), false, label + ":2");
    REQUIRE(other);
    CHECK(other->path != first->path);
    CHECK(loops.device_at(first->path).value().path == first->path);
    CHECK(loops.device_at(file.path()).error().fault == Fault::usage);
    CHECK(loops.device_at(file.path() + ".none").error().fault == Fault::not_found);
    CHECK(loops.resize(label));
    CHECK(loops.resize(label + ":3").error().fault == Fault::not_found);
    CHECK(loops.detach(label + ":2"));
    CHECK(loops.detach(label + ":2"));
    CHECK(loops.resize(label + ":2").error().fault == Fault::not_found);
    CHECK(loops.detach(label));
    CHECK(loops.attach("/nowhere/at/all", false, label).error().fault == Fault::not_found);
}

std::uint64_t bytes_of(const port::Block_device& device) {
    const Unique_fd fd(::open(device.path.c_str(), O_RDONLY | O_CLOEXEC));
    std::uint64_t bytes = 0;
    REQUIRE(::ioctl(fd.get(), BLKGETSIZE64, &bytes) == 0);
    return bytes;
}

} // namespace

TEST_CASE("A block device's number is written as blkback reads it") {
    CHECK(port::Block_device{"/dev/loop12", 7, 12}.hex() == "7:c");
}

TEST_CASE("The hosted loop devices keep their contract", "[loop]") {
    port::hosted::Loop_ledger loops;
    keeps_the_contract(loops, File());
    CHECK(loops.labels().empty());
}

TEST_CASE("This machine's loop devices keep their contract, and carry the file", "[loop]") {
    const auto loops = port::linux_host::make_loops();
    const File file;
    const auto tried = loops->attach(file.path(), true, label);
    if (!tried && (tried.error().fault == Fault::denied || tried.error().fault == Fault::unreachable)) {
        WARN("no loop devices to be had here: not tested");
        return;
    }
    REQUIRE(tried);
    CHECK(bytes_of(*tried) == 1 << 20);
    file.resize(2 << 20);
    CHECK(bytes_of(*tried) == 1 << 20);
    CHECK(loops->resize(label));
    CHECK(bytes_of(*tried) == 2 << 20);
    std::string text(15, 0);
    std::ifstream(tried->path).read(text.data(), 15);
    CHECK(text == "the first bytes");
    CHECK(loops->detach(label));
    keeps_the_contract(*loops, file);
}
