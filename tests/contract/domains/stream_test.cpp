// SPDX-License-Identifier: Apache-2.0
// The contract of save and restore: every world passes all of it.
#include "libvmshare/base/unique_fd.hpp"
#include "tests/contract/domains/fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace xvm;
using namespace xvm::port;
using namespace xvm::test;

namespace {

/// A file that nobody else has.
class Saved {
  public:
    Saved() : fd_(::memfd_create("saved", MFD_CLOEXEC)) { REQUIRE(fd_.get() >= 0); }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] std::uint64_t size() const {
        return static_cast<std::uint64_t>(::lseek(fd(), 0, SEEK_END));
    }
    void rewind() const { ::lseek(fd(), 0, SEEK_SET); }
    void cut(std::uint64_t bytes) const { REQUIRE(::ftruncate(fd(), static_cast<off_t>(bytes)) == 0); }

  private:
    Unique_fd fd_;
};

class Stream_fixture : public Domains_fixture {
  public:
    /// A domain that has been suspended.
    Domid suspended(const Domain_shape& shape) {
        const Domid domid = create(shape);
        build(domid, shape);
        value(domains->unpause(domid));
        value(domains->stop(domid, Stop_reason::suspend));
        REQUIRE(comes_true([&] { return value(domains->info(domid)).shut_down; }));
        return domid;
    }
};

} // namespace

TEST_CASE_METHOD(Stream_fixture, "A saved domain is restored, with its memory, and nothing stays of either") {
    // PV needs a guest that has prepared for it: its start info, and its lists of frames.
    const auto type = Guest_type::pvh;
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Saved file;
    const Domid old = suspended(wanted);
    const std::uint64_t memory = value(domains->info(old)).memory_bytes;
    std::uint64_t told = 0;
    value(domains->save(old, file.fd(), {[&](std::uint64_t bytes) { told = bytes; }, {}}));
    CHECK(file.size() > 0);
    CHECK(told <= file.size());
    CHECK(value(domains->info(old)).shut_down); // saving leaves it as it is
    value(domains->destroy(old));
    REQUIRE(comes_true([&] { return is_gone(old); }));

    const Domid again = create(wanted);
    file.rewind();
    const Built_domain built = value(domains->restore(again, wanted, file.fd(), {}));
    CHECK(number(built.store_port) != 0);
    CHECK(built.store_port != built.console_port);
    CHECK(built.store_frame != 0);
    CHECK(value(domains->info(again)).paused);
    CHECK_FALSE(value(domains->info(again)).shut_down);
    CHECK(value(domains->info(again)).memory_bytes == memory);
    value(domains->unpause(again));
    value(domains->destroy(again));
    check_clean();
}

TEST_CASE_METHOD(Stream_fixture, "A domain that was saved goes on, if it is told to") {
    const auto type = Guest_type::pvh;
    if (!can(type)) return;
    const Saved file;
    const Domid domid = suspended(shape(type));
    value(domains->save(domid, file.fd(), {}));
    value(domains->resume(domid));
    CHECK(comes_true([&] { return !value(domains->info(domid)).shut_down; }));
}

TEST_CASE_METHOD(Stream_fixture, "Only what is suspended is saved") {
    const Domain_shape wanted = shape(Guest_type::pv);
    const Saved file;
    const Domid domid = create(wanted);
    build(domid, wanted);
    CHECK(domains->save(domid, file.fd(), {}).error().fault == Fault::failed);
    CHECK(file.size() == 0);
    CHECK(domains->save(Domid{0x7000}, file.fd(), {}).error().fault == Fault::not_found);
}

TEST_CASE_METHOD(Stream_fixture, "A stream that is cut short, anywhere, makes no domain") {
    const auto type = Guest_type::pvh;
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Saved file;
    const Domid old = suspended(wanted);
    value(domains->save(old, file.fd(), {}));
    value(domains->destroy(old));
    const std::uint64_t whole = file.size();
    for (const std::uint64_t left :
         {whole - 1, whole / 2, std::uint64_t{41}, std::uint64_t{8}, std::uint64_t{0}}) {
        INFO(left << " of " << whole << " bytes");
        file.cut(left);
        file.rewind();
        const Domid domid = create(wanted);
        const auto restored = domains->restore(domid, wanted, file.fd(), {});
        REQUIRE_FALSE(restored);
        CHECK(restored.error().fault == Fault::usage);
        value(domains->destroy(domid));
    }
    check_clean();
}

TEST_CASE_METHOD(Stream_fixture, "What goes to no file is an error, and the domain can go on") {
    const auto type = Guest_type::pvh;
    if (!can(type)) return;
    const Domid domid = suspended(shape(type));
    const Unique_fd nowhere(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const Status saved = domains->save(domid, nowhere.get(), {});
    REQUIRE_FALSE(saved);
    CHECK(saved.error().fault == Fault::exhausted);
    value(domains->resume(domid));
}

TEST_CASE_METHOD(Stream_fixture,
                 "A built domain is not restored, nor one of another type, nor without room") {
    const Saved file;
    const Domain_shape wanted = shape(Guest_type::pv);
    const Domid domid = create(wanted);
    if (can(Guest_type::pvh))
        CHECK(domains->restore(domid, shape(Guest_type::pvh), file.fd(), {}).error().fault == Fault::usage);
    build(domid, wanted);
    CHECK(domains->restore(domid, wanted, file.fd(), {}).error().fault == Fault::busy);
    const Domain_shape giant = shape(Guest_type::pv, before + 64 * (1ULL << 20));
    CHECK(domains->restore(create(giant), giant, file.fd(), {}).error().fault == Fault::exhausted);
    CHECK(domains->restore(Domid{0x7000}, wanted, file.fd(), {}).error().fault == Fault::not_found);
}
