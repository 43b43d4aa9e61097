// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/traces.hpp"

#include "toolstack/plan/nodes.hpp"
#include "toolstack/run/store_trees.hpp"
#include "xenstore-schema/nodes.hpp"

namespace xvm::run {

Status remove_guest_traces(Work& work) {
    XVM_TRY_LET(const bool reused, work.number_is_reused());
    const auto domid = work.known_domid();
    if (!domid || reused) return {};
    std::vector<std::string> trees = plan::guest_trees({*domid, work.uuid()});
    for (std::string& tree : plan::backend_trees(*domid))
        trees.push_back(std::move(tree));
    return remove_trees(work.ports().store, trees);
}

Status remove_stale_traces(port::Store& store, const Domain_id& id) {
    const std::vector<std::string> signs{schema::domain::home::dir(id.domid),
                                         schema::own::domain::dir(id.domid)};
    XVM_TRY_LET(const auto left, store.read_all(signs));
    if (!left.front() && !left.back()) return {};
    std::vector<std::string> stale = plan::guest_trees(id);
    stale.push_back(schema::own::domain::dir(id.domid));
    for (std::string& tree : plan::backend_trees(id.domid))
        stale.push_back(std::move(tree));
    return remove_trees(store, stale);
}

Status remove_own_traces(Work& work) {
    namespace own = schema::own::domain;
    const auto domid = work.known_domid();
    if (!domid) return {};
    port::Store& store = work.ports().store;
    return port::transact(store, [&](port::Txn txn) -> Status {
        const auto uuid = store.read(schema::path(own::dir(*domid), own::uuid), txn);
        // Without a uuid it is half of a directory: nobody else's.
        if (uuid && Uuid::parse(*uuid) != work.uuid()) return {};
        return store.remove(own::dir(*domid), txn);
    });
}

} // namespace xvm::run
