// SPDX-License-Identifier: Apache-2.0
// What the toolstack writes for a guest keeps to the schema, and what it removes leaves nothing.
#include "libvmshare/port/hosted/process.hpp"
#include "tests/unit/schema/example.hpp"
#include "toolstack/lint/walk.hpp"
#include "toolstack/run/store_trees.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::schema;

namespace {

const Domid guest{7};

plan::Guest_config guest_config(plan::Guest_type type) {
    plan::Guest_config config;
    config.name = "web";
    config.type = type;
    config.memory_bytes = config.memory_max_bytes = 128u << 20;
    config.vcpus = 2;
    config.disks = {{"xvda", 0, plan::Disk_kind::pack, "/srv/web.pack", false},
                    {"xvdb", 1, plan::Disk_kind::raw, "/srv/web.img", true}};
    return config;
}

std::vector<Finding> lint_store(port::Store& store) {
    auto findings = lint(lint_tool::read_store(store).value());
    for (const auto& finding : findings)
        UNSCOPED_INFO(name(finding.rule) << " " << finding.path << ": " << finding.what);
    return findings;
}

} // namespace

TEST_CASE("What the toolstack writes and removes keeps to the schema") {
    const auto type = GENERATE(plan::Guest_type::pv, plan::Guest_type::pvh);
    const auto host = port::hosted::Host::make();
    REQUIRE(host->add_domain(guest));
    const auto process = port::hosted::start_process(host, dom0).value();
    port::Store& store = process->store();
    const auto config = guest_config(type);
    const Domain_id id{guest, Uuid::random()};

    REQUIRE(run::make_roots(store));
    CHECK(lint_store(store).empty());

    REQUIRE(run::write_nodes(store, plan::private_nodes(config, id), guest));
    REQUIRE(run::write_nodes(
        store, plan::guest_nodes(config, {id, 1000, 1001, Evtchn_port{1}, Evtchn_port{2}}), guest));
    for (const auto& disk : config.disks)
        REQUIRE(run::write_nodes(store, plan::disk_nodes(disk, guest), guest));
    CHECK(lint_store(store).empty());
    CHECK(lint_tool::read_store(store)->nodes.size() > 60);

    REQUIRE(run::remove_device_trees(store, guest, {plan::Device_class::xvbd, 1}));
    CHECK(lint_store(store).empty());

    host->destroy_domain(guest);
    CHECK(lint_store(store).size() == 5); // home, vm, libxl, backend, private
    REQUIRE(run::remove_device_trees(store, guest, {plan::Device_class::xvbd, 0}));
    REQUIRE(run::remove_trees(store, plan::guest_trees(id)));
    CHECK(lint_store(store).size() == 1); // the broken twin: one tree is still there
    REQUIRE(run::remove_trees(store, {"/xvm/domain/7"}));
    CHECK(lint_store(store).empty());
}
