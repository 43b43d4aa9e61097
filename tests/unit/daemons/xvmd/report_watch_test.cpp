// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/report_watch.hpp"
#include "libvmshare/port/hosted/process.hpp"
#include "tests/unit/daemons/xvmd/event_reader.hpp"
#include "xenstore-schema/nodes.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::xvmd;

namespace {

constexpr Domid guest{7};
const Uuid uuid = *Uuid::parse("00000000-0000-4000-8000-000000000007");

/// dom0 that follows the reports of a guest, and one who reads what is told.
struct World {
    std::shared_ptr<port::hosted::Host> host = port::hosted::Host::make();
    std::unique_ptr<port::hosted::Process> dom0_process = *port::hosted::start_process(host, dom0);
    port::Store& store = dom0_process->store();
    Report_watch watch{store};
    std::shared_ptr<test::Event_reader> reader = test::follow(watch.lines());

    void report(std::string_view text) {
        REQUIRE(store.write(schema::path(schema::xvmem::report::dir(guest), schema::xvmem::report::memory),
                            text));
        hear();
    }
    void hear() {
        for (;;) {
            const auto event = store.next_event();
            REQUIRE(event);
            if (!*event) return;
            watch.heard(**event);
        }
    }
    std::size_t told() const { return reader->lines().size(); }
};

} // namespace

TEST_CASE("The first word of a guest is told, and the watch itself is not") {
    World world;
    world.watch.follow({{guest, uuid}});
    world.hear();
    CHECK(world.told() == 0);
    world.report("1 1 100 50 50 0 0");
    REQUIRE(world.told() == 1);
    CHECK(world.reader->lines()[0]["kind"] == "memory-reported");
    CHECK(world.reader->lines()[0]["domid"] == 7);
}

TEST_CASE("What a guest said before it was followed is told") {
    World world;
    world.report("1 1 100 50 50 0 0");
    world.watch.follow({{guest, uuid}});
    world.hear();
    CHECK(world.told() == 1);
}

TEST_CASE("Reports without end are told once for each look") {
    World world;
    world.watch.follow({{guest, uuid}});
    world.report("1 1 100 50 50 0 0");
    world.report("1 2 100 60 40 0 0");
    world.report("1 3 100 70 30 0 0");
    CHECK(world.told() == 1);
    world.watch.expect();
    CHECK(world.told() == 1);
    world.report("1 4 100 80 20 0 0");
    CHECK(world.told() == 2);
}

TEST_CASE("A guest that is gone is not followed any more") {
    World world;
    world.watch.follow({{guest, uuid}});
    world.hear();
    world.watch.follow({});
    world.report("1 1 100 50 50 0 0");
    CHECK(world.told() == 0);
}
