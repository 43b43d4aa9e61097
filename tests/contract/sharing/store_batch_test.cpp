// SPDX-License-Identifier: Apache-2.0
// libvmshare/port/store.hpp: what goes to the store together.
#include "tests/contract/sharing/fixture.hpp"

using namespace xvm;
using namespace xvm::test;
using port::Store_access;
using Permissions = std::vector<port::Store_permission>;

TEST_CASE_METHOD(Fixture, "Changes that go together are made in their order", "[contract][store]") {
    using Change = port::Store_change;
    port::Store& store = near->store();
    const Permissions wanted{{dom0, Store_access::none}, {Domid{77}, Store_access::read}};
    done(store.write(dir + "/old/leaf", "x"));
    const std::vector<Change> changes{
        {Change::Kind::remove, dir + "/old", {}, {}},     {Change::Kind::remove, dir + "/never", {}, {}},
        {Change::Kind::make, dir + "/new", {}, {}},       {Change::Kind::permit, dir + "/new", {}, wanted},
        {Change::Kind::write, dir + "/new/a/b", "1", {}}, {Change::Kind::write, dir + "/new/a/b", "2", {}}};
    done(store.change_all(changes));
    CHECK(fault(store.read(dir + "/old/leaf")) == Fault::not_found);
    CHECK(value(store.read(dir + "/new/a/b")) == "2");
    CHECK(value(store.permissions(dir + "/new/a/b")) == wanted);
}

TEST_CASE_METHOD(Fixture, "Changes that go together name the one that is refused", "[contract][store]") {
    using Change = port::Store_change;
    const std::vector<Change> changes{
        {Change::Kind::write, dir + "/a", "1", {}},
        {Change::Kind::permit, dir + "/not-there", {}, {{dom0, Store_access::none}}},
        {Change::Kind::write, dir + "//b", "1", {}}};
    const Status made = near->store().change_all(changes);
    REQUIRE_FALSE(made);
    CHECK(made.error().fault == Fault::not_found);
    CHECK(made.error().line().find(dir + "/not-there") != std::string::npos);
    // What follows an error is still understood.
    CHECK(value(near->store().read_all(std::vector<std::string>{dir + "/a"})) ==
          std::vector<std::optional<std::string>>{"1"});
}

TEST_CASE_METHOD(Fixture, "Many nodes are read together, each by its own answer", "[contract][store]") {
    port::Store& store = near->store();
    std::vector<port::Store_change> changes;
    std::vector<std::string> paths;
    std::vector<std::optional<std::string>> wanted;
    for (int i = 0; i < 300; ++i) { // more than any port sends at once
        paths.push_back(dir + "/many/" + std::to_string(i));
        wanted.push_back(i % 3 == 0 ? std::optional<std::string>()
                                    : std::string(static_cast<std::size_t>(i), 'v'));
        if (wanted.back())
            changes.push_back({port::Store_change::Kind::write, paths.back(), *wanted.back(), {}});
    }
    done(store.change_all(changes));
    CHECK(value(store.read_all(paths)) == wanted);
    CHECK(value(store.read_all({})).empty());
}
