// SPDX-License-Identifier: Apache-2.0
// [S-3] What the management service may order, and what it may not.
#include "tests/unit/toolstack/policy/orders.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace xvm;
using namespace xvm::tests;
using policy::check;
using policy::Limits;
using policy::Subject;

namespace {

Case created(const plan::Guest_config& guest) {
    const Uuid uuid = *Uuid::parse("6a1f0fd2-7b0e-4f7e-9a39-0123456789ab");
    return {{"create", "web", uuid}, plan_create(guest, uuid, false)};
}

bool denied(const Case& one, const Limits& limits = {}) {
    const Status checked = check(one.order, one.subject, limits);
    CHECK((checked || checked.error().fault == Fault::denied));
    return !checked;
}

/// Whether a guest like the large one, but for that, is refused.
bool denied_guest(const std::function<void(plan::Guest_config&)>& change, const Limits& limits = {}) {
    plan::Guest_config guest = large_guest();
    change(guest);
    return denied(created(guest), limits);
}

} // namespace

TEST_CASE("[S-3] what the requests take is let through, as it is and after its way through JSON") {
    for (const Case& one : all_orders()) {
        INFO(one.subject.verb);
        const Status checked = check(one.order, one.subject, {});
        INFO((checked ? std::string() : checked.error().line()));
        CHECK(checked);
        const auto travelled = plan::parse_plan(plan::plan_json(one.order));
        REQUIRE(travelled);
        CHECK(check(*travelled, one.subject, {}));
    }
}

TEST_CASE("[S-3] no order answers another request") {
    const auto all = all_orders();
    for (const Case& asked : all)
        for (const Case& other : all) {
            if (asked.order == other.order) continue;
            const bool same_words = check(other.order, asked.subject, {}).has_value();
            INFO(asked.subject.verb << " answered by " << other.subject.verb);
            // Only which guest is made is the service's to say.
            CHECK(same_words == (asked.order.verb == "create" && other.order.verb == "create" &&
                                 asked.subject.paused == other.subject.paused));
        }
}

TEST_CASE("an order for a verb that has no rule is refused, were it empty") {
    CHECK(denied({{"save", "web", {}}, {"save", "web", {}, plan::never, {}}}));
    CHECK_FALSE(policy::knows("disk.attach"));
}

TEST_CASE("an order about another guest is refused") {
    for (Case one : all_orders()) {
        SECTION(one.subject.verb + std::to_string(one.order.steps.size())) {
            one.order.uuid = Uuid::random();
            CHECK(denied(one));
        }
    }
    Case renamed = all_orders()[3];
    renamed.order.name = "other";
    CHECK(denied(renamed));
    Case made = created(large_guest());
    made.subject.name = "other";
    CHECK(denied(made));
}

TEST_CASE("steps left out, doubled, exchanged or added are refused") {
    for (const Case& one : all_orders()) {
        const std::size_t steps = one.order.steps.size();
        INFO(one.subject.verb);
        for (std::size_t at = 0; at < steps; ++at) {
            INFO(at);
            const auto changed = [&](const std::function<void(std::vector<plan::Step>&)>& change) {
                Case other = one;
                change(other.order.steps);
                return denied(other);
            };
            CHECK(changed([&](auto& all) { all.erase(all.begin() + static_cast<std::ptrdiff_t>(at)); }));
            CHECK(changed([&](auto& all) { all.push_back(all[at]); }));
            CHECK(changed([&](auto& all) {
                all[at].op = "release-store";
                all[at].name = "release-store";
                all[at].args = {{"x", 1}};
            }));
            CHECK(changed([&](auto& all) { all[at].undo += "x"; }));
            CHECK(changed([&](auto& all) { all[at].name += "\n"; }));
            CHECK(changed([&](auto& all) { all[at].args["domid"] = 0; }));
            if (!one.order.steps[at].undo.empty()) CHECK(changed([&](auto& all) { all[at].undo.clear(); }));
            if (at > 0) CHECK(changed([&](auto& all) { std::swap(all[at], all[at - 1]); }));
        }
        Case early = one;
        early.order.commit = one.order.commit == 0 ? 1 : 0;
        CHECK(denied(early));
    }
}

TEST_CASE("a guest beyond the limits is refused, however well its steps fit") {
    CHECK_FALSE(denied_guest([](plan::Guest_config&) {}));
    Limits tight;
    tight.memory_bytes = 32ULL << 20;
    CHECK(denied_guest([](plan::Guest_config&) {}, tight));
    tight = {};
    tight.vcpus = 1;
    CHECK(denied_guest([](plan::Guest_config&) {}, tight));
    tight = {};
    tight.disks = 2;
    CHECK(denied_guest([](plan::Guest_config&) {}, tight));
    tight = {};
    tight.nets = 1;
    CHECK(denied_guest([](plan::Guest_config&) {}, tight));

    CHECK(denied_guest([](auto& guest) { guest.name = "../x"; }));
    CHECK(denied_guest([](auto& guest) { guest.memory_bytes += 1; }));
    CHECK(denied_guest([](auto& guest) { guest.memory_max_bytes = 4096; }));
    CHECK(denied_guest([](auto& guest) { guest.memory_min_bytes = guest.memory_bytes + 4096; }));
    CHECK(denied_guest([](auto& guest) { guest.memory_weight = 0; }));
    CHECK(denied_guest([](auto& guest) {
        guest.vcpus = 0;
        guest.pins.clear();
    }));
    CHECK(denied_guest([](auto& guest) { guest.pins.pop_back(); }));
    CHECK(denied_guest([](auto& guest) { guest.command_line = "a\nb"; }));
    CHECK(denied_guest([](auto& guest) { guest.command_line.assign(5000, 'x'); }));
    CHECK(denied_guest([](auto& guest) { guest.kernel.path.clear(); }));
    CHECK(denied_guest([](auto& guest) { guest.kernel.path = "/etc/shadow"; }));
    CHECK(denied_guest([](auto& guest) { guest.ramdisk.path = "/srv/../etc/shadow"; }));
    CHECK(denied_guest([](auto& guest) { guest.disks[0].path = "/dev/sda"; }));
    CHECK(denied_guest([](auto& guest) { guest.disks[0].devid = 51728; }));
    CHECK(denied_guest([](auto& guest) { guest.disks[1].writable = true; }));
    CHECK(denied_guest([](auto& guest) { guest.disks.push_back(guest.disks[0]); }));
    CHECK(denied_guest([](auto& guest) { guest.nets[0].bridge = "a/b"; }));
    CHECK(denied_guest([](auto& guest) { guest.nets[0].mac = "00:16:3E:01:02:03"; }));
    CHECK(denied_guest([](auto& guest) { guest.nets[1].devid = 0; }));
}

TEST_CASE("waits have limits") {
    for (const std::int64_t limit_ms : {std::int64_t{-1}, std::int64_t{1} << 60}) {
        Case stop = all_orders()[7];
        stop.order.steps[1].args["limit_ms"] = limit_ms;
        CHECK(denied(stop));
    }
    Case endless = all_orders()[7];
    endless.order.steps[1].args.erase("limit_ms");
    CHECK(denied(endless));
}

TEST_CASE("a path is below a root only as it is written") {
    const std::vector<std::string> roots{"/srv", "/var/lib"};
    for (const char* good : {"/srv/a", "/srv/a/b.img", "/var/lib/x", "/srv/..a", "/srv/ä ö"})
        CHECK(policy::below(good, roots));
    for (const char* bad : {"", "/", "/srv", "/srv/", "/srvx/a", "/srv/../etc/shadow", "/srv/a/..",
                            "/srv/./a", "/srv//a", "srv/a", "/etc/srv/a", "/var/libx", "/srv/a\n", "/srv/a/"})
        CHECK_FALSE(policy::below(bad, roots));
    CHECK(policy::below("/etc/x", {"/"}));
    CHECK_FALSE(policy::below("/srv/a", {}));
    CHECK_FALSE(policy::below("/srv/" + std::string(5000, 'a'), roots));
}
