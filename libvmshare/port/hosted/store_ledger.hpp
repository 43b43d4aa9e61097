// SPDX-License-Identifier: Apache-2.0
// The machine's store: the tree, and per connection its transactions, watches and waiting events.
// Invariant: a connection's eventfd is readable exactly while an event waits.
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/port/hosted/port_ledger.hpp"
#include "libvmshare/port/hosted/store_tree.hpp"

#include <deque>
#include <functional>

namespace xvm::port::hosted {

class Store_ledger {
  public:
    explicit Store_ledger(const Limits& limits) : limits_(limits), tree_(limits) {}

    /// A new connection. The descriptor is readable while an event waits; it is the caller's.
    [[nodiscard]] Result<Unique_fd> connect(Process_id process, Domid domid);
    void disconnect(Process_id process);

    /// Runs `operation(tree, caller)` on the tree, or on the transaction's view of it.
    template <class Operation>
    auto run(Process_id process, Txn txn, Operation&& operation)
        -> decltype(operation(std::declval<Store_tree&>(), Domid{})) {
        Connection& connection = connections_.at(process);
        if (txn == Txn::none) {
            auto result = operation(tree_, connection.domid);
            settle();
            return result;
        }
        const auto found = connection.transactions.find(txn);
        if (found == connection.transactions.end())
            return fail(Fault::not_found, "store transaction", "no such transaction, or it has ended");
        return run_in(found->second, [&](Store_tree& view) { return operation(view, connection.domid); });
    }

    [[nodiscard]] Result<Txn> begin(Process_id process);
    [[nodiscard]] Status commit(Process_id process, Txn txn);
    void abort(Process_id process, Txn txn);

    void introduce(Domid domid);
    [[nodiscard]] bool present(Domid domid) const;
    /// It was released or died: what it owned goes, and whoever watches hears of it. Idempotent.
    void domain_ended(Domid domid);

    [[nodiscard]] Status watch(Process_id process, const std::string& path, const std::string& token);
    void unwatch(Process_id process, const std::string& path, const std::string& token);
    [[nodiscard]] std::optional<Watch_event> next_event(Process_id process);

    [[nodiscard]] boost::json::object dump() const { return tree_.dump(); }

  private:
    struct Watch {
        std::string path;
        std::string token;
        bool operator==(const Watch&) const = default;
    };
    /// As xenstored keeps it: a node is taken into the transaction when it is first touched.
    struct Transaction {
        Store_tree tree;                             ///< good for the nodes touched only
        std::map<std::string, std::uint64_t> seen{}; ///< touched: generation in the store at that time
        std::set<std::string> touched{};
        std::vector<Change> changes{};
    };
    struct Connection {
        Domid domid{};
        Unique_fd wake;
        std::vector<Watch> watches;
        std::deque<Watch_event> events;
        std::map<Txn, Transaction> transactions;
    };

    template <class Operation>
    auto run_in(Transaction& transaction, Operation&& operation) {
        transaction.tree = tree_.with(transaction.touched, transaction.tree);
        auto result = operation(transaction.tree);
        keep(transaction);
        return result;
    }
    void keep(Transaction& transaction);
    /// Forgets what the last operation touched and tells the watches of its changes.
    void settle();
    void fire(const Change& change);
    void fire_special(const std::string& name);
    void push(Connection& connection, Watch_event event, const Watch& watch);

    Limits limits_;
    Store_tree tree_;
    std::map<Process_id, Connection> connections_;
    std::set<Domid> introduced_;
    std::uint32_t last_txn_ = 0;
};

} // namespace xvm::port::hosted
