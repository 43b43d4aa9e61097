// SPDX-License-Identifier: Apache-2.0
// A make-believe machine with a device, and two guests that take such: what handovers are tested on.
#pragma once

#include "libvmshare/port/faulty/direct.hpp"
#include "tests/unit/toolstack/run/direct_double.hpp"
#include "tests/unit/toolstack/run/machine.hpp"
#include "toolstack/plan/plan_direct.hpp"
#include "toolstack/run/handover.hpp"

namespace xvm::tests {

inline const port::Pci_address address{0, 0, 0x10, 0};

class Direct_world {
  public:
    port::hosted::Direct_ledger ledger;
    Machine machine;
    std::unique_ptr<run::Direct_book> book;
    Domain_id a, b;
    std::unique_ptr<Direct_guest> guest_a, guest_b;

    /// `room_bytes`: what a guest may have beyond its memory; what makes room here gives nothing up.
    explicit Direct_world(std::uint64_t room_bytes = 1ULL << 20) : room_bytes_(room_bytes) {
        ledger.add({address, 0x1234, 0x11e8, 0xff0000, 0xfea00000, 0x100000, true, {}, {}});
        std::vector<Error> damaged;
        book = std::move(*run::Direct_book::open(machine.path("devices"), damaged));
        a = *machine.create(guest("a"));
        b = *machine.create(guest("b"));
        guest_a = std::make_unique<Direct_guest>(machine.hosted().host(), ledger, a.domid);
        guest_b = std::make_unique<Direct_guest>(machine.hosted().host(), ledger, b.domid);
        process_ = std::move(*port::hosted::start_process(machine.hosted().host(), dom0));
    }
    [[nodiscard]] plan::Guest_config guest(const std::string& name) const {
        plan::Guest_config config = machine.guest(name);
        config.disks.clear();
        config.direct = true;
        config.memory_max_bytes += room_bytes_;
        return config;
    }
    [[nodiscard]] run::Ports ports(port::Direct_devices& direct) {
        run::Ports all = machine.ports();
        all.direct = &direct;
        all.grants = &process_->grants();
        all.events = &process_->events();
        all.devices = book.get();
        return all;
    }
    [[nodiscard]] static plan::Direct_end end(const std::string& name, const Domain_id& id) {
        return {name, id.uuid.text(), number(id.domid), true};
    }
    [[nodiscard]] plan::Direct_order order(bool from_a, bool to_b, std::int64_t limit_ms = 2000) const {
        plan::Direct_order order;
        order.device = address.text();
        if (from_a) order.from = end("a", a);
        if (to_b) order.to = end("b", b);
        order.limit_ms = limit_ms;
        return order;
    }
    Status run(const plan::Plan& plan) { return run(plan, ledger); }
    Status run(const plan::Plan& plan, port::Direct_devices& direct, const run::Hooks& hooks = {}) {
        run::Ports all = ports(direct);
        const auto done = run::perform(all, plan, hooks, a.domid);
        return done ? Status{} : Status(tl::unexpected<Error>(done.error()));
    }
    void give_to_a() {
        plan::Direct_order to_a = order(false, false);
        to_a.to = end("a", a);
        const Status given = run(plan::plan_direct_assign(to_a));
        INFO((given ? std::string() : given.error().line()));
        REQUIRE(given);
        REQUIRE(guest_a->state == XVM_DEV_RUNNING);
    }
    /// The guest is gone, in the midst of whatever it is.
    void kill(std::unique_ptr<Direct_guest>& guest, const Domain_id& id) {
        guest.reset();
        ledger.bury(id.domid);
        REQUIRE(machine.domains().destroy(id.domid));
    }
    /// The next xvmd finishes, or undoes.
    void recover() {
        run::Ports all = ports(ledger);
        std::vector<Error> damaged;
        const auto done = run::recover(all, damaged);
        REQUIRE(done);
        CHECK(damaged.empty());
    }
    [[nodiscard]] plan::Direct_record record() const { return book->look(address.text()); }

    /// H-13: in exactly one guest, or nobody's; nothing else is open to anybody; no page is missing.
    void check_whole() {
        // As 'xvm device list' would say it.
        run::Ports all = ports(ledger);
        const auto now = run::direct_record(all, address.text()).value();
        const bool in_a = guest_a && guest_a->state == XVM_DEV_RUNNING;
        const bool in_b = guest_b && guest_b->state == XVM_DEV_RUNNING;
        CHECK_FALSE((in_a && in_b));
        const auto owner = ledger.owner(address);
        if (in_a) CHECK(owner == a.domid);
        if (in_b) CHECK(owner == b.domid);
        if (!in_a && !in_b) CHECK((!owner || owner == dom0));
        CHECK(ledger.on(address) == (in_a || in_b));
        CHECK(ledger.interrupts() == (in_a || in_b ? 1U : 0U));
        CHECK(ledger.open_to(address).size() == (in_a || in_b ? 1U : 0U));
        CHECK(ledger.rooms() == 0);
        if (guest_a) CHECK(guest_a->holes == 0);
        if (guest_b) CHECK(guest_b->holes == 0);
        CHECK((now.phase == plan::Direct_phase::assigned) == (in_a || in_b));
        if (now.phase == plan::Direct_phase::assigned) CHECK(now.holder.name == (in_a ? "a" : "b"));
        if (now.phase == plan::Direct_phase::held) CHECK_FALSE(now.reason.empty());
    }

  private:
    std::uint64_t room_bytes_;
    std::unique_ptr<port::hosted::Process> process_;
};

} // namespace xvm::tests
