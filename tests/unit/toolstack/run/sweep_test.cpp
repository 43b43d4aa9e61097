// SPDX-License-Identifier: Apache-2.0
// Every call to Xen and to the store fails once, in every verb that changes a guest: nothing may stay behind.
#include "libvmshare/port/faulty/decorators.hpp"
#include "tests/unit/toolstack/run/machine.hpp"

using namespace xvm;
using namespace xvm::tests;
using port::faulty::Faulty_domains;
using port::faulty::Faulty_store;

namespace {

/// Performs the plan on a machine whose calls fail by `faults`.
Status perform_faulty(Machine& machine, port::faulty::Plan& faults, const plan::Plan& plan,
                      std::optional<Domid> domid = {}) {
    auto sound = machine.ports();
    Faulty_domains domains(sound.domains, faults);
    Faulty_store store(sound.store, faults);
    run::Ports ports{domains, store, sound.block_backend, sound.patience, sound.book, sound.journal};
    const auto done = run::perform(ports, plan, {}, domid);
    return done ? Status{} : Status(tl::unexpected<Error>(done.error()));
}

void destroy_all(Machine& machine) {
    auto ports = machine.ports();
    const auto entries = run::list_domains(ports);
    REQUIRE(entries);
    for (const run::Domain_entry& entry : *entries)
        if (entry.managed) CHECK(machine.destroy(entry));
}

} // namespace

TEST_CASE("A create in which any one call fails leaves the machine as it was, or the guest whole",
          "[sweep]") {
    Machine machine;
    const std::string before = machine.ledger();
    int failed = 0;
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        INFO("call " << faults.calls() + 1);
        const Status created =
            perform_faulty(machine, faults, plan::plan_create(machine.guest(), Uuid::random(), false));
        failed += created ? 0 : 1;
        if (created) destroy_all(machine);
        CHECK(machine.ledger() == before);
    });
    CHECK(calls > 60);
    CHECK(failed > 50);
}

TEST_CASE("A destroy in which any one call fails is done all the same", "[sweep]") {
    Machine machine;
    const std::string before = machine.ledger();
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        const auto id = machine.create(machine.guest());
        REQUIRE(id);
        CHECK(perform_faulty(machine, faults, plan::plan_destroy({"web", *id}), id->domid));
        CHECK(machine.ledger() == before);
    });
    CHECK(calls > 20);
}

TEST_CASE("A pause, a rename or a request to stop in which any one call fails leaves the guest as it was",
          "[sweep]") {
    Machine machine;
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    const plan::Guest_ref web{"web", *id};
    const std::string before = machine.ledger();
    for (const plan::Plan& plan : {plan::plan_pause(web), plan::plan_rename(web, "mail"),
                                   plan::plan_stop(web, plan::Stop_request::poweroff,
                                                   std::chrono::milliseconds(1), plan::On_stop::destroy)}) {
        const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
            INFO(plan.verb);
            if (perform_faulty(machine, faults, plan, id->domid)) {
                auto ports = machine.ports();
                REQUIRE(run::perform(ports,
                                     plan.verb == "pause" ? plan::plan_unpause(web)
                                                          : plan::plan_rename({"mail", *id}, "web"),
                                     {}, id->domid));
            }
            CHECK(machine.ledger() == before);
        });
        CHECK(calls >= 1);
    }
}
