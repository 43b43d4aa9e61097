// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/store_trees.hpp"

#include "daemons/xvmd/hosted_ports.hpp"
#include "tests/unit/toolstack/run/passing_store.hpp"
#include "xenstore-schema/nodes.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace xvm;
using namespace xvm::tests;
using port::Store_access;

namespace {

/// Notes whatever is written below a directory that every guest may read at that moment.
class Open_directories final : public Passing_store {
  public:
    using Passing_store::Passing_store;
    std::set<std::string> open;
    std::vector<std::string> shown; ///< values that everybody could have read

    Status write(const std::string& path, std::string_view value, port::Txn txn) override {
        for (const std::string& directory : open)
            if (path.starts_with(directory + "/")) shown.push_back(path);
        return Passing_store::write(path, value, txn);
    }
    Status set_permissions(const std::string& path, std::span<const port::Store_permission> permissions,
                           port::Txn txn) override {
        const bool readable = permissions.front().access == Store_access::read;
        static_cast<void>(readable ? open.insert(path).second : open.erase(path) != 0);
        return Passing_store::set_permissions(path, permissions, txn);
    }
};

plan::Guest_config sample() {
    plan::Guest_config guest;
    guest.name = "web";
    return guest;
}

} // namespace

TEST_CASE("A guest's directories are open to all only while nothing stands in them") {
    const auto set = std::move(*xvmd::Hosted_machine::make()->open());
    port::Domain_shape shape;
    shape.uuid = Uuid::random();
    shape.memory_bytes = shape.memory_max_bytes = 1 << 20;
    const auto made = set->domains().create(shape);
    REQUIRE(made);
    const Domid guest = *made; // whose directories a store only gives to a domain that is there
    const plan::Guest_facts facts{{guest, shape.uuid}, 11, 12, Evtchn_port{3}, Evtchn_port{4}};
    REQUIRE(run::make_roots(set->store()));
    Open_directories store(set->store());
    const Status put = run::put_nodes(store, plan::guest_nodes(sample(), facts), guest);
    INFO((put ? std::string() : put.error().line()));
    REQUIRE(put);
    REQUIRE(run::put_nodes(store, plan::disk_nodes({"xvda", 51712, plan::Disk_kind::raw, "/a", true}, guest),
                           guest));
    CHECK(store.shown.empty());
    CHECK(store.open.empty());
    using Permissions = std::vector<port::Store_permission>;
    const Permissions guest_reads{{dom0, Store_access::none}, {guest, Store_access::read}};
    const Permissions guest_owns{{guest, Store_access::none}};
    const std::string home = schema::domain::home::dir(guest);
    CHECK(store.permissions(home, port::Txn::none) == guest_reads);
    CHECK(store.permissions(home + "/console/port", port::Txn::none) == guest_reads);
    CHECK(store.permissions(home + "/control", port::Txn::none) == guest_owns);
    CHECK(store.permissions(home + "/data", port::Txn::none) == guest_owns);
    CHECK(store.permissions(schema::xvbd::backend::dir(guest, 51712) + "/state", port::Txn::none) ==
          guest_reads);
}

TEST_CASE("What is written below a directory that is open to all is noticed") {
    const auto set = std::move(*xvmd::Hosted_machine::make()->open());
    Open_directories store(set->store());
    const std::vector<port::Store_permission> open_to_all{{dom0, Store_access::read}};
    REQUIRE(store.make("/xvm", port::Txn::none));
    REQUIRE(store.set_permissions("/xvm", open_to_all, port::Txn::none));
    REQUIRE(store.write("/xvm/secret", "1", port::Txn::none));
    CHECK(store.shown == std::vector<std::string>{"/xvm/secret"});
}
