// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan.hpp"

#include <catch2/catch.hpp>
#include <set>

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
    CHECK(names(plan_create(guest, false)) ==
          std::vector<std::string>{"check-name", "check-host", "load-images", "create-domain",
                                   "write-private", "build", "write-guest", "introduce", "unpause"});

    guest.pins = {0};
    guest.disks = {{"xvda", 51712, Disk_kind::pack, "/a", false},
                   {"xvdb", 51728, Disk_kind::raw, "/b", true}};
    const auto all = names(plan_create(guest, true));
    CHECK(all == std::vector<std::string>{"check-name", "check-host", "check-disks", "load-images",
                                          "create-domain", "pin", "write-private", "build", "write-guest",
                                          "introduce", "add-disk-xvda", "add-disk-xvdb", "await-disk-xvda",
                                          "await-disk-xvdb"});
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
}

TEST_CASE("Every step that leaves something has an undo") {
    Guest_config guest;
    guest.disks = {{"xvda", 51712, Disk_kind::pack, "/a", false}};
    const std::set<Step_kind> leave_something{Step_kind::create_domain, Step_kind::write_private,
                                              Step_kind::write_guest, Step_kind::introduce,
                                              Step_kind::add_disk};
    for (const Step& step : plan_create(guest, false).steps)
        CHECK(step.undo.empty() != leave_something.contains(step.kind));
}
