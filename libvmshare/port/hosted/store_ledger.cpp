// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/store_ledger.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>

namespace xvm::port::hosted {
namespace {

constexpr std::string_view domain_came = "@introduceDomain";
constexpr std::string_view domain_went = "@releaseDomain";

} // namespace

Result<Unique_fd> Store_ledger::connect(Process_id process, Domid domid) {
    Unique_fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return fail_errno(errno, "store connection", "eventfd");
    Unique_fd theirs(::fcntl(wake.get(), F_DUPFD_CLOEXEC, 0));
    if (!theirs) return fail_errno(errno, "store connection", "dup");
    connections_[process] = Connection{domid, std::move(wake), {}, {}, {}};
    return theirs;
}

void Store_ledger::disconnect(Process_id process) {
    connections_.erase(process);
}

void Store_ledger::settle() {
    static_cast<void>(tree_.take_touched());
    for (const Change& change : tree_.take_changes())
        fire(change);
}

void Store_ledger::push(Connection& connection, Watch_event event, const Watch& watch) {
    // A reader that does not read costs no more than the limit: the watched path says "look again".
    if (connection.events.size() >= limits_.store_events) event.path = watch.path;
    const auto same = [&](const Watch_event& e) { return e.path == event.path && e.token == event.token; };
    if (std::any_of(connection.events.begin(), connection.events.end(), same)) return;
    connection.events.push_back(std::move(event));
    ::eventfd_write(connection.wake.get(), 1);
}

void Store_ledger::fire(const Change& change) {
    for (auto& [process, connection] : connections_)
        for (const Watch& watch : connection.watches) {
            const bool wanted =
                change.subtree ? is_at_or_below(change.path, watch.path) : change.path == watch.path;
            if (wanted && tree_.readable(connection.domid, change))
                push(connection, {change.path, watch.token}, watch);
        }
}

void Store_ledger::fire_special(const std::string& name) {
    for (auto& [process, connection] : connections_)
        for (const Watch& watch : connection.watches)
            if (watch.path == name && connection.domid == dom0) push(connection, {name, watch.token}, watch);
}

Result<Txn> Store_ledger::begin(Process_id process) {
    Connection& connection = connections_.at(process);
    if (connection.domid != dom0 && connection.transactions.size() >= limits_.store_transactions)
        return fail_errno(ENOSPC, "store transaction", "starting", "end others first");
    const Txn txn{++last_txn_};
    connection.transactions.emplace(txn, Transaction{tree_});
    return txn;
}

Status Store_ledger::commit(Process_id process, Txn txn) {
    auto ended = connections_.at(process).transactions.extract(txn);
    if (ended.empty())
        return fail(Fault::not_found, "store transaction", "no such transaction, or it has ended");
    const Transaction& transaction = ended.mapped();
    for (const auto& [path, generation] : transaction.seen)
        if (tree_.generation(path) != generation)
            return fail_errno(EAGAIN, path, "commit", "begin the transaction again");
    for (const auto& [path, generation] : transaction.seen)
        if (transaction.tree.generation(path) != generation) tree_.adopt(path, transaction.tree);
    for (const Change& change : transaction.changes)
        fire(change);
    return {};
}

void Store_ledger::keep(Transaction& transaction) {
    for (const std::string& path : transaction.tree.take_touched()) {
        transaction.seen.try_emplace(path, tree_.generation(path));
        transaction.touched.insert(path);
    }
    for (Change& change : transaction.tree.take_changes())
        transaction.changes.push_back(std::move(change));
}

void Store_ledger::abort(Process_id process, Txn txn) {
    connections_.at(process).transactions.erase(txn);
}

void Store_ledger::introduce(Domid domid) {
    introduced_.insert(domid);
    fire_special(std::string(domain_came));
}

void Store_ledger::domain_ended(Domid domid) {
    const bool was_known = introduced_.erase(domid) > 0;
    tree_.forget(domid);
    settle();
    if (was_known) fire_special(std::string(domain_went));
}

bool Store_ledger::present(Domid domid) const {
    return domid == dom0 || introduced_.contains(domid);
}

Status Store_ledger::watch(Process_id process, const std::string& path, const std::string& token) {
    Connection& connection = connections_.at(process);
    if (!is_store_path(path) && path != domain_came && path != domain_went)
        return fail_errno(EINVAL, path, "watching", "give an absolute path");
    const Watch watch{path, token};
    if (std::find(connection.watches.begin(), connection.watches.end(), watch) != connection.watches.end())
        return fail_errno(EEXIST, path, "watching");
    if (connection.domid != dom0 && connection.watches.size() >= limits_.store_watches)
        return fail_errno(E2BIG, path, "watching", "take other watches back first");
    connection.watches.push_back(watch);
    push(connection, {path, token}, watch);
    return {};
}

void Store_ledger::unwatch(Process_id process, const std::string& path, const std::string& token) {
    Connection& connection = connections_.at(process);
    if (std::erase(connection.watches, Watch{path, token}) == 0) return;
    std::erase_if(connection.events, [&](const Watch_event& event) {
        return event.token == token && is_at_or_below(event.path, path);
    });
    eventfd_t count = 0;
    if (connection.events.empty()) ::eventfd_read(connection.wake.get(), &count);
}

std::optional<Watch_event> Store_ledger::next_event(Process_id process) {
    Connection& connection = connections_.at(process);
    if (connection.events.empty()) return std::nullopt;
    Watch_event event = std::move(connection.events.front());
    connection.events.pop_front();
    eventfd_t count = 0;
    if (connection.events.empty()) ::eventfd_read(connection.wake.get(), &count);
    return event;
}

} // namespace xvm::port::hosted
