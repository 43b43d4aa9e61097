// SPDX-License-Identifier: Apache-2.0
// The linter on a store that is served: nodes, permissions and living domains come through the port.
#include "libvmshare/port/hosted/process.hpp"
#include "tests/unit/schema/example.hpp"
#include "toolstack/lint/walk.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::schema;

namespace {

port::Store_access access_of(Access access) {
    return access == Access::read   ? port::Store_access::read
           : access == Access::both ? port::Store_access::both
                                    : port::Store_access::none;
}

/// A machine with domains 7 and 9 whose store holds the example.
struct Machine {
    std::shared_ptr<port::hosted::Host> host = port::hosted::Host::make();
    std::unique_ptr<port::hosted::Process> process;

    Machine() {
        for (const Domid domid : {Domid{7}, Domid{9}})
            REQUIRE(host->add_domain(domid));
        process = port::hosted::start_process(host, dom0).value();
        for (const auto& [path, entry] : example().nodes) {
            REQUIRE(process->store().write(path, entry.value));
            std::vector<port::Store_permission> permissions;
            for (const auto& permission : *entry.permissions)
                permissions.push_back({permission.domid, access_of(permission.access)});
            REQUIRE(process->store().set_permissions(path, permissions));
        }
    }
};

std::vector<Finding> lint_store(port::Store& store) {
    return lint(lint_tool::read_store(store).value());
}

} // namespace

TEST_CASE("A served store that keeps to the schema is clean") {
    Machine machine;
    const auto image = lint_tool::read_store(machine.process->store());
    REQUIRE(image);
    CHECK(image->live == std::set<Domid>{Domid{0}, Domid{7}, Domid{9}});
    CHECK(image->find(config)->permissions == std::vector<Domid_permission>{{dom0, Access::none}});
    for (const auto& finding : lint(*image))
        UNSCOPED_INFO(finding.path << ": " << finding.what);
    CHECK(lint(*image).empty());
}

TEST_CASE("What breaks the schema in a served store is found") {
    Machine machine;
    REQUIRE(machine.process->store().write(front + "/ring-pages", "3"));
    const auto findings = lint_store(machine.process->store());
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].path == front + "/ring-pages");
}

TEST_CASE("What a destroyed domain left in the store is found") {
    Machine machine;
    machine.host->destroy_domain(Domid{7});
    const auto findings = lint_store(machine.process->store());
    REQUIRE(findings.size() == 5);
    for (const auto& finding : findings)
        CHECK(name(finding.rule) == "leftover");
}

TEST_CASE("An empty store is clean, and one larger than the limit is refused") {
    Machine machine;
    const auto refused = lint_tool::read_store(machine.process->store(), 20);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);

    auto host = port::hosted::Host::make();
    const auto process = port::hosted::start_process(host, dom0);
    REQUIRE(process);
    CHECK(lint_store((*process)->store()).empty());
}
