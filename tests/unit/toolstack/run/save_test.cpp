// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/faulty/decorators.hpp"
#include "tests/unit/toolstack/run/machine.hpp"
#include "toolstack/plan/plan_save.hpp"
#include "toolstack/run/wishes.hpp"
#include "toolstack/saved/reader.hpp"

using namespace xvm;
using namespace xvm::tests;

namespace {

/// A machine with one guest, whose kernel does what Linux does when it is asked to suspend.
class Saving_machine : public Machine {
  public:
    enum class Kernel { suspends, sees_it_late, ignores, crashes };
    Kernel kernel = Kernel::suspends;

    Saving_machine() : empty(ledger()) {
        const auto made = create(guest());
        REQUIRE(made);
        id = *made;
        REQUIRE(store().write(home() + "/control/feature-suspend", "1"));
        backend().on_write = [this](const std::string& path, std::string_view value) { act(path, value); };
        running = ledger();
    }
    [[nodiscard]] std::string home() const { return "/local/domain/" + std::to_string(number(id.domid)); }
    [[nodiscard]] std::string file() const { return path("web.saved"); }
    [[nodiscard]] plan::Plan save_plan(bool stays = false, const std::string& word = "one") const {
        using namespace std::chrono_literals;
        return plan::plan_save({"web", id}, guest(), {file(), false, stays, 50ms, word, "0"});
    }
    [[nodiscard]] Status save(const plan::Plan& plan, const run::Hooks& hooks = {}) {
        auto all = ports();
        const auto done = run::perform(all, plan, hooks, id.domid);
        return done ? Status{} : Status(tl::unexpected<Error>(done.error()));
    }
    [[nodiscard]] Status save_faulty(port::faulty::Plan& faults, const plan::Plan& plan) {
        return save_faulty(faults, plan, id.domid);
    }
    [[nodiscard]] Status save_faulty(port::faulty::Plan& faults, const plan::Plan& plan,
                                     std::optional<Domid> domid) {
        port::faulty::Faulty_domains faulty_domains(domains(), faults);
        port::faulty::Faulty_store faulty_store(backend(), faults);
        run::Ports faulty = sound_but(faulty_domains, faulty_store);
        const auto done = run::perform(faulty, plan, {}, domid);
        return done ? Status{} : Status(tl::unexpected<Error>(done.error()));
    }
    [[nodiscard]] plan::Plan restore_plan(const Uuid& uuid) const {
        const auto reader = saved::Reader::open(file());
        REQUIRE(reader);
        const saved::Saved_guest& it = reader->head().guest;
        return plan::plan_restore(it.guest, uuid,
                                  {file(), false, it.memory_bytes, it.target_bytes, it.offline, it.offers});
    }
    /// The guest runs as before, and there is no file.
    void check_unharmed() {
        const auto info = domains().info(id.domid);
        REQUIRE(info);
        CHECK_FALSE(info->shut_down);
        CHECK(info->running);
        CHECK(store().read(home() + "/control/shutdown") == std::string{});
        CHECK_FALSE(std::filesystem::exists(file()));
        CHECK_FALSE(std::filesystem::exists(file() + ".partial"));
        CHECK(ledger() == running);
    }

    Domain_id id;
    std::string empty;   ///< the ledger without the guest
    std::string running; ///< and with it

  private:
    /// Ports as they are, over other interfaces.
    [[nodiscard]] run::Ports sound_but(port::Domains& other_domains, port::Store& other_store) {
        auto sound = ports();
        return {other_domains, other_store, sound.block_backend, sound.patience, sound.book, sound.journal};
    }
    void act(const std::string& path, std::string_view value) {
        if (path != home() + "/control/shutdown" || value != "suspend" || kernel == Kernel::ignores) return;
        REQUIRE(store().write(path, ""));
        if (kernel == Kernel::suspends) hosted().domains().shut_down(id.domid, 2);
        if (kernel == Kernel::crashes) hosted().domains().shut_down(id.domid, 3);
    }
};

} // namespace

TEST_CASE("A guest is saved and restored, and both leave the machine as they should") {
    Saving_machine machine;
    run::Hooks hooks;
    std::vector<std::uint64_t> moved;
    hooks.moved = [&](std::uint64_t bytes) { moved.push_back(bytes); };
    REQUIRE(machine.save(machine.save_plan(), hooks));
    CHECK(moved.size() > 10);
    CHECK(std::is_sorted(moved.begin(), moved.end()));
    CHECK(machine.ledger() == machine.empty);
    CHECK(std::filesystem::exists(machine.file()));
    CHECK_FALSE(std::filesystem::exists(machine.file() + ".partial"));

    auto ports = machine.ports();
    const auto again = run::perform(ports, machine.restore_plan(machine.id.uuid));
    REQUIRE(again);
    CHECK(again->uuid == machine.id.uuid);
    const auto entry = run::find_domain(ports, "web");
    REQUIRE(entry);
    CHECK(entry->life == run::Life::running);
    CHECK(entry->disks.size() == 2);
    CHECK(machine.hosted().domains().pinned_to(again->domid, 0) == 1);
    CHECK(std::filesystem::exists(machine.file())); // it can be restored again
    CHECK(machine.destroy(*entry));
    CHECK(machine.ledger() == machine.empty);
}

TEST_CASE("What a guest was asked to have before is asked again after a restore") {
    Saving_machine machine;
    REQUIRE(run::ask_memory(machine.store(), machine.id.domid, 48ULL << 20));
    REQUIRE(machine.save(machine.save_plan()));
    auto ports = machine.ports();
    const auto again = run::perform(ports, machine.restore_plan(machine.id.uuid));
    REQUIRE(again);
    CHECK(run::memory_target(machine.store(), again->domid, 0) == 48ULL << 20);
    CHECK(run::offers(machine.store(), again->domid) == std::vector<std::string>{"suspend"});
}

TEST_CASE("A guest that is to stay goes on after it was saved") {
    Saving_machine machine;
    REQUIRE(machine.save(machine.save_plan(true)));
    CHECK(machine.ledger() == machine.running);
    CHECK(std::filesystem::exists(machine.file()));
    const auto info = machine.domains().info(machine.id.domid);
    REQUIRE(info);
    CHECK(info->running);
}

TEST_CASE("A save that fails after any step leaves a guest that runs, and no file") {
    Saving_machine machine;
    const plan::Plan plan = machine.save_plan();
    std::size_t failed = 0;
    for (std::size_t i = 0; i < plan.commit; ++i) {
        INFO(plan.steps[i].name);
        run::Hooks hooks;
        hooks.after = [&](const plan::Step& done) -> Status {
            return done.name == plan.steps[i].name ? Status(fail(Fault::failed, done.name, "on purpose"))
                                                   : Status{};
        };
        CHECK_FALSE(machine.save(plan, hooks));
        machine.check_unharmed();
        ++failed;
    }
    CHECK(failed == 4);
    CHECK(machine.save(plan));
}

TEST_CASE("A save without its undo leaves the guest suspended: the checks see it") {
    Saving_machine machine;
    plan::Plan broken = machine.save_plan();
    for (plan::Step& step : broken.steps)
        if (step.op == "suspend") step.undo.clear();
    run::Hooks hooks;
    hooks.after = [&](const plan::Step& done) -> Status {
        return done.name == "write-saved" ? Status(fail(Fault::failed, done.name, "on purpose")) : Status{};
    };
    CHECK_FALSE(machine.save(broken, hooks));
    CHECK(machine.domains().info(machine.id.domid)->shut_down);
}

TEST_CASE(
    "A save in which any one call to Xen or the store fails leaves a guest that runs, or one that is saved",
    "[sweep]") {
    unsigned undone = 0;
    unsigned saved = 0;
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        Saving_machine machine;
        const Status done = machine.save_faulty(faults, machine.save_plan());
        INFO(faults.record().size() << " calls, the last " << faults.record().back());
        if (std::filesystem::exists(machine.file())) {
            ++saved;
            CHECK(machine.ledger() == machine.empty);
            CHECK_FALSE(std::filesystem::exists(machine.file() + ".partial"));
        } else {
            ++undone;
            CHECK_FALSE(done);
            machine.check_unharmed();
        }
    });
    CHECK(calls > 20);
    CHECK(undone > 5);
    CHECK(saved > 10);
}

TEST_CASE("A restore in which any one call to Xen or the store fails leaves nothing, or the guest whole",
          "[sweep]") {
    Saving_machine machine;
    REQUIRE(machine.save(machine.save_plan()));
    unsigned failed = 0;
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        INFO("call " << faults.calls() + 1);
        const Status done = machine.save_faulty(faults, machine.restore_plan(machine.id.uuid), {});
        failed += done ? 0 : 1;
        if (done) {
            auto ports = machine.ports();
            CHECK(machine.destroy(*run::find_domain(ports, "web")));
        }
        CHECK(machine.ledger() == machine.empty);
        CHECK(std::filesystem::exists(machine.file()));
    });
    CHECK(calls > 40);
    CHECK(failed > 30);
}

TEST_CASE("A restore that fails after any step leaves nothing, and the file") {
    Saving_machine machine;
    REQUIRE(machine.save(machine.save_plan()));
    const plan::Plan plan = machine.restore_plan(machine.id.uuid);
    for (const plan::Step& step : plan.steps) {
        INFO(step.name);
        run::Hooks hooks;
        hooks.after = [&](const plan::Step& done) -> Status {
            return done.name == step.name ? Status(fail(Fault::failed, done.name, "on purpose")) : Status{};
        };
        auto ports = machine.ports();
        CHECK_FALSE(run::perform(ports, plan, hooks));
        CHECK(machine.ledger() == machine.empty);
    }
    auto ports = machine.ports();
    CHECK(run::perform(ports, plan));
}

TEST_CASE("A damaged file makes no domain") {
    Saving_machine machine;
    REQUIRE(machine.save(machine.save_plan()));
    const plan::Plan plan = machine.restore_plan(machine.id.uuid);
    std::fstream file(machine.file(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(100'000);
    file.put('\x7f');
    file.close();
    auto ports = machine.ports();
    const auto restored = run::perform(ports, plan);
    REQUIRE_FALSE(restored);
    CHECK(restored.error().fault == Fault::usage);
    CHECK(restored.error().object == machine.file());
    CHECK(machine.ledger() == machine.empty);
}

TEST_CASE("A guest that does not suspend is told so, and runs on") {
    Saving_machine machine;
    SECTION("it does not look") {
        machine.kernel = Saving_machine::Kernel::ignores;
        const Status saved = machine.save(machine.save_plan());
        REQUIRE_FALSE(saved);
        CHECK(saved.error().fault == Fault::timeout);
    }
    SECTION("it cannot") {
        REQUIRE(machine.store().write(machine.home() + "/control/feature-suspend", ""));
        machine.running = machine.ledger();
        const Status saved = machine.save(machine.save_plan());
        REQUIRE_FALSE(saved);
        CHECK(saved.error().cause.find("does not know how to suspend") != std::string::npos);
    }
    machine.check_unharmed();
}

TEST_CASE("A guest that crashes while it is to suspend is not saved") {
    Saving_machine machine;
    machine.kernel = Saving_machine::Kernel::crashes;
    CHECK(machine.save(machine.save_plan()).error().cause.find("stopped while") != std::string::npos);
    CHECK(machine.domains().info(machine.id.domid)->shutdown_reason == 3);
    CHECK_FALSE(std::filesystem::exists(machine.file()));
}

TEST_CASE(
    "A paused guest, a file that is there, a directory that is not: refused before the guest is asked") {
    Saving_machine machine;
    bool asked = false;
    machine.backend().on_write = [&](const std::string& path, std::string_view) {
        asked |= path.ends_with("/control/shutdown");
    };
    SECTION("paused") {
        REQUIRE(machine.domains().pause(machine.id.domid));
        CHECK(machine.save(machine.save_plan()).error().cause.find("is paused") != std::string::npos);
    }
    SECTION("the file is there") {
        machine.write_file("web.saved", "precious");
        CHECK(machine.save(machine.save_plan()).error().fault == Fault::busy);
        CHECK(std::filesystem::file_size(machine.file()) == 8);
    }
    SECTION("no directory") {
        using namespace std::chrono_literals;
        const auto plan = plan::plan_save({"web", machine.id}, machine.guest(),
                                          {machine.path("none/web.saved"), false, false, 50ms, "one", "0"});
        CHECK(machine.save(plan).error().fault == Fault::not_found);
    }
    CHECK_FALSE(asked);
}

TEST_CASE("A save that meets another's file leaves it alone") {
    Saving_machine machine;
    machine.write_file("web.saved.partial", "somebody writes");
    CHECK(machine.save(machine.save_plan()).error().fault == Fault::busy);
    CHECK(std::filesystem::file_size(machine.file() + ".partial") == 15);
    CHECK_FALSE(machine.domains().info(machine.id.domid)->shut_down);
}

TEST_CASE("A save that is cancelled leaves a guest that runs, and no file") {
    Saving_machine machine;
    unsigned asked = 0;
    for (unsigned at = 1; at < 100; ++at) {
        INFO("cancelled at question " << at);
        asked = 0;
        run::Hooks hooks;
        hooks.go_on = [&]() -> Status {
            if (++asked < at) return {};
            return fail(Fault::failed, "save", "was cancelled");
        };
        const Status saved = machine.save(machine.save_plan(), hooks);
        if (saved) break;
        CHECK(saved.error().cause == "was cancelled");
        machine.check_unharmed();
    }
    CHECK(asked > 10); // also in the midst of the memory
}

TEST_CASE("An xvmd that dies at any step of a save leaves a guest that runs, or one that is saved",
          "[sweep]") {
    const std::size_t steps = Saving_machine().save_plan().steps.size();
    for (std::size_t step = 0; step < steps; ++step) {
        Saving_machine machine;
        const plan::Plan plan = machine.save_plan();
        INFO(plan.steps[step].name);
        run::Hooks hooks;
        struct Dead {};
        hooks.after = [&](const plan::Step& done) -> Status {
            if (done.name != plan.steps[step].name) return {};
            machine.keep_journal();
            throw Dead{};
        };
        CHECK_THROWS_AS(machine.save(plan, hooks), Dead);
        machine.put_journal_back();
        auto ports = machine.ports();
        std::vector<Error> damaged;
        const auto recovered = run::recover(ports, damaged);
        REQUIRE(recovered);
        REQUIRE(recovered->size() == 1);
        CHECK(recovered->front().outcome);
        if (step < plan.commit) {
            machine.check_unharmed();
        } else {
            CHECK(machine.ledger() == machine.empty);
            const auto reader = saved::Reader::open(machine.file());
            REQUIRE(reader);
            CHECK(reader->verify({}));
        }
    }
}
