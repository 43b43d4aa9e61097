// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/file.hpp"
#include "toolstack/saved/reader.hpp"
#include "toolstack/saved/writer.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <filesystem>

using namespace xvm;

namespace {

/// A directory of its own, gone afterwards.
class Place {
  public:
    Place() {
        std::string name = std::filesystem::temp_directory_path() / "saved-test-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        directory_ = name;
    }
    ~Place() { std::filesystem::remove_all(directory_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    [[nodiscard]] std::string file() const { return directory_ / "web.saved"; }
    [[nodiscard]] std::string partial() const { return file() + ".partial"; }

  private:
    std::filesystem::path directory_;
};

saved::Saved_guest some_guest() {
    saved::Saved_guest guest;
    guest.guest.name = "web";
    guest.guest.memory_bytes = guest.guest.memory_max_bytes = 64ULL << 20;
    guest.guest.disks.push_back({"xvda", 51712, plan::Disk_kind::raw, "/disk.img", true});
    guest.uuid = "b2cbd9a5-5aa5-4a35-9f0c-1d2f6f0c9e11";
    guest.save = "one";
    guest.version = "0";
    guest.target_bytes = 48ULL << 20;
    guest.offline = {1};
    guest.offers = {"suspend"};
    return guest;
}

constexpr std::size_t stream_bytes = 100'000;

void write_stream(int fd) {
    const std::string stream(stream_bytes, 'x');
    REQUIRE(::write(fd, stream.data(), stream.size()) == static_cast<ssize_t>(stream.size()));
}

void save(const Place& place) {
    auto writer = saved::Writer::create(place.file());
    REQUIRE(writer);
    write_stream(writer->fd());
    REQUIRE(writer->finish(some_guest(), {}));
    REQUIRE(saved::publish(place.file(), false));
}

void change(const std::string& path, std::uint64_t at) {
    const auto fd = open_file(path, O_RDWR);
    REQUIRE(fd);
    std::byte byte{};
    REQUIRE(read_exactly(fd->get(), {&byte, 1}, at, path));
    byte ^= std::byte{1};
    REQUIRE(write_exactly(fd->get(), {&byte, 1}, at, path));
}

} // namespace

TEST_CASE("What is saved is read back, the guest and its stream") {
    const Place place;
    save(place);
    CHECK_FALSE(std::filesystem::exists(place.partial()));
    const auto reader = saved::Reader::open(place.file());
    REQUIRE(reader);
    CHECK(reader->head().guest == some_guest());
    CHECK(reader->head().stream_bytes == stream_bytes);
    CHECK(reader->verify({}));
    const auto fd = reader->stream();
    REQUIRE(fd);
    char first = 0;
    CHECK(::read(*fd, &first, 1) == 1);
    CHECK(first == 'x');
    // The guest's memory is nobody else's to read.
    CHECK(std::filesystem::status(place.file()).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("A file with any one byte changed is refused, before anything is made of it") {
    const Place place;
    save(place);
    const std::uint64_t size = XVM_SAVED_HEAD_BYTES + stream_bytes;
    // Every byte of the header and of the JSON's start, and a few of the rest.
    std::vector<std::uint64_t> places;
    for (std::uint64_t at = 0; at < 300; ++at)
        places.push_back(at);
    for (const std::uint64_t at : {std::uint64_t{65535}, std::uint64_t{65536}, size / 2, size - 1})
        places.push_back(at);
    for (const std::uint64_t at : places) {
        INFO("byte " << at);
        change(place.file(), at);
        const auto reader = saved::Reader::open(place.file());
        const Status whole = reader ? reader->verify({}) : Status(tl::unexpected<Error>(reader.error()));
        REQUIRE_FALSE(whole);
        CHECK(whole.error().fault == Fault::usage);
        CHECK(whole.error().object == place.file());
        change(place.file(), at);
    }
    const auto reader = saved::Reader::open(place.file());
    REQUIRE(reader);
    CHECK(reader->verify({}));
}

TEST_CASE("A file that is cut short or has grown is refused") {
    const Place place;
    save(place);
    const std::uint64_t size = XVM_SAVED_HEAD_BYTES + stream_bytes;
    for (const std::uint64_t bytes : {size + 1, size - 1, std::uint64_t{65536}, std::uint64_t{65535},
                                      std::uint64_t{255}, std::uint64_t{7}, std::uint64_t{0}}) {
        INFO(bytes << " bytes");
        std::filesystem::resize_file(place.file(), bytes);
        const auto reader = saved::Reader::open(place.file());
        REQUIRE_FALSE(reader);
        CHECK(reader.error().fault == Fault::usage);
    }
    CHECK(saved::Reader::open(place.file() + ".none").error().fault == Fault::not_found);
    CHECK(saved::Reader::open("/dev/null").error().fault == Fault::usage);
}

TEST_CASE("What cannot be written is refused beforehand") {
    const Place place;
    CHECK(saved::check_target(place.file(), 1, false));
    CHECK(saved::check_target(place.file(), 1ULL << 62, false).error().fault == Fault::exhausted);
    CHECK(saved::check_target(place.file() + "/deeper", 1, false).error().fault == Fault::not_found);
    save(place);
    CHECK(saved::check_target(place.file(), 1, false).error().fault == Fault::busy);
    CHECK(saved::check_target(place.file(), 1, true));
    CHECK(saved::check_target(place.file() + "/below", 1, false).error().fault == Fault::usage);
    CHECK(saved::check_target("/dev/null", 1, true).error().fault == Fault::usage);
}

TEST_CASE("Two saves to one file do not meet") {
    const Place place;
    const auto first = saved::Writer::create(place.file());
    REQUIRE(first);
    CHECK(saved::Writer::create(place.file()).error().fault == Fault::busy);
}

TEST_CASE("Nothing stays of a save that is discarded, and nobody else's file goes") {
    const Place place;
    save(place);
    {
        auto writer = saved::Writer::create(place.file());
        REQUIRE(writer);
        write_stream(writer->fd());
    }
    saved::discard(place.file(), "another");
    CHECK_FALSE(std::filesystem::exists(place.partial()));
    CHECK(std::filesystem::exists(place.file()));
    saved::discard(place.file(), "one");
    CHECK_FALSE(std::filesystem::exists(place.file()));
    saved::discard(place.file(), "one"); // a second time is no error
}

TEST_CASE("A save or a check that is cancelled ends") {
    const Place place;
    auto writer = saved::Writer::create(place.file());
    REQUIRE(writer);
    write_stream(writer->fd());
    CHECK_FALSE(writer->finish(some_guest(), [] { return true; }));
    saved::discard(place.file(), "one");
    save(place);
    const auto reader = saved::Reader::open(place.file());
    REQUIRE(reader);
    CHECK_FALSE(reader->verify([] { return true; }));
}
