// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace xvm;
using namespace xvm::plan;

TEST_CASE("A plan names its steps once each, and leaves out what the guest does not need") {
    Guest_config guest;
    guest.name = "web";
    const auto names = [](const Plan& plan) {
        std::vector<std::string> all;
        for (const Step& step : plan.steps)
            all.push_back(step.name);
        return all;
    };
    CHECK(names(plan_create(guest, Uuid{}, false)) ==
          std::vector<std::string>{"check-name", "check-host", "load-images", "create-domain",
                                   "write-private", "keep-guest", "build", "write-guest", "introduce",
                                   "unpause"});

    guest.pins = {0};
    guest.disks = {{"xvda", 51712, Disk_kind::pack, "/a", false},
                   {"xvdb", 51728, Disk_kind::raw, "/b", true}};
    const auto all = names(plan_create(guest, Uuid{}, true));
    CHECK(all == std::vector<std::string>{"check-name", "check-host", "check-disks", "load-images",
                                          "create-domain", "pin", "write-private", "keep-guest", "build",
                                          "write-guest", "introduce", "add-disk-xvda", "add-disk-xvdb",
                                          "await-disk-xvda", "await-disk-xvdb"});
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
}

TEST_CASE("Every step that leaves something has an undo") {
    Guest_config guest;
    guest.disks = {{"xvda", 51712, Disk_kind::pack, "/a", false}};
    const std::set<std::string> leave_something{"create-domain", "write-private", "keep-guest",
                                                "write-guest",   "introduce",     "add-disk"};
    for (const Step& step : plan_create(guest, Uuid{}, false).steps)
        CHECK(step.undo.empty() != leave_something.contains(step.op));
}

TEST_CASE("A plan comes back from its JSON as it was; another version's and a damaged one are refused") {
    Guest_config guest;
    guest.name = "web";
    guest.disks = {{"xvda", 51712, Disk_kind::pack, "/a", false}};
    for (const Plan& plan :
         {plan_create(guest, Uuid::random(), false), plan_destroy({"web", {Domid{7}, Uuid{}}})}) {
        const auto object = plan_json(plan);
        const auto back = parse_plan(object);
        REQUIRE(back);
        CHECK(plan_json(*back) == object);
        CHECK(back->steps == plan.steps);
        for (const char* key : {"schema", "verb", "uuid", "commit", "steps"}) {
            auto lacking = object;
            lacking.erase(key);
            INFO(key);
            CHECK_FALSE(parse_plan(lacking));
        }
    }
    auto other = plan_json(plan_create(guest, Uuid{}, false));
    other["schema"] = "xvm.plan/2";
    CHECK_FALSE(parse_plan(other));
}

TEST_CASE("Ending a guest has no way back from its first step on; asking it to stop has") {
    const Guest_ref web{"web", {Domid{7}, Uuid{}}};
    CHECK(plan_destroy(web).commit == 0);
    const Plan stop = plan_stop(web, Stop_request::poweroff, std::chrono::seconds(5), On_stop::destroy);
    REQUIRE(stop.commit < stop.steps.size());
    CHECK(stop.steps[stop.commit - 1].op == "await-stop");
    CHECK(stop.steps[0].undo == "take-back-stop");
    const Plan kept = plan_stop(web, Stop_request::poweroff, std::chrono::seconds(5), On_stop::preserve);
    CHECK(kept.steps.size() == 2);
}
