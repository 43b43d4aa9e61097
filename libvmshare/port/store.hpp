// SPDX-License-Identifier: Apache-2.0
// The store: a tree of small values, shared by all domains, with watches and transactions.
//
// Contract (tests/contract holds every port to it):
// - Paths are absolute: "/local/domain/7/name". Writing makes the missing parents.
// - A new node inherits its parent's permissions; the first permission names the owner, whom nothing
//   is denied, and what everybody else may; the others name single domains.
// - A watch fires once when it is registered, and then after each change at or below its path; equal
//   events may coalesce. Nothing says what changed: the reader reads.
// - A transaction sees each node as it was when the transaction first touched it, with its own changes;
//   commit answers `busy` when a node it touched (read, listed, written) changed since: the caller starts
//   again (see transact()). So what is read in a transaction fits together only once it is committed.
// - Removing what is not there is not an error.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::port {

enum class Store_access : std::uint8_t { none, read, write, both };

struct Store_permission {
    Domid domid{};
    Store_access access = Store_access::none;
    bool operator==(const Store_permission&) const = default;
};

struct Watch_event {
    std::string path;  ///< what changed, or the watched path at registration
    std::string token; ///< as given to watch()
};

enum class Txn : std::uint32_t { none = 0 };

/// One of several changes that go to the store together.
struct Store_change {
    enum class Kind : std::uint8_t { write, make, permit, remove };
    Kind kind = Kind::write;
    std::string path;
    std::string value;                         ///< write
    std::vector<Store_permission> permissions; ///< permit
    bool after_all = false;                    ///< only once all before it are made
};

class Store {
  public:
    virtual ~Store() = default;

    /// not_found: no such node; denied: not readable to us.
    [[nodiscard]] virtual Result<std::string> read(const std::string& path, Txn txn = Txn::none) = 0;
    [[nodiscard]] virtual Status write(const std::string& path, std::string_view value,
                                       Txn txn = Txn::none) = 0;
    /// An empty node; one that exists keeps its value.
    [[nodiscard]] virtual Status make(const std::string& path, Txn txn = Txn::none) = 0;
    /// The node and everything below it.
    [[nodiscard]] virtual Status remove(const std::string& path, Txn txn = Txn::none) = 0;
    /// Names of the children, in no order. not_found: no such node.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& path,
                                                                Txn txn = Txn::none) = 0;
    [[nodiscard]] virtual Status set_permissions(const std::string& path,
                                                 std::span<const Store_permission> permissions,
                                                 Txn txn = Txn::none) = 0;
    [[nodiscard]] virtual Result<std::vector<Store_permission>> permissions(const std::string& path,
                                                                            Txn txn = Txn::none) = 0;

    /// Makes these changes, outside of any transaction, at less cost than one by one. Those that concern one
    /// node, or a node and one below it, are made in their order; others need not be. The Error is of the
    /// first that was refused; those after it may have been made all the same.
    [[nodiscard]] virtual Status change_all(std::span<const Store_change> changes);
    /// Reads these nodes; nothing for a node that is not there.
    [[nodiscard]] virtual Result<std::vector<std::optional<std::string>>>
    read_all(std::span<const std::string> paths);

    [[nodiscard]] virtual Result<Txn> begin() = 0;
    /// busy: a conflict, nothing was written; begin again.
    [[nodiscard]] virtual Status commit(Txn txn) = 0;
    virtual void abort(Txn txn) noexcept = 0;

    /// Tells the store of a new domain: its store page (frame as Xen's interface wants it: mfn for PV,
    /// gfn for PVH) and event channel. Dom0 only.
    [[nodiscard]] virtual Status introduce(Domid domid, std::uint64_t frame, Evtchn_port port) = 0;
    /// The store forgets the domain's connection. Dom0 only; idempotent.
    virtual void release(Domid domid) noexcept = 0;
    /// A domain goes on after it was suspended: @releaseDomain is to tell of its next end too. Dom0 only.
    /// A store that tells of every end has nothing to do.
    virtual void resumed(Domid /*domid*/) noexcept {}
    /// Whether the store serves that domain: true from introduce() until it dies or is released.
    [[nodiscard]] virtual Result<bool> present(Domid domid) = 0;

    /// Also "@introduceDomain" and "@releaseDomain" (a domain appeared; one died or went).
    [[nodiscard]] virtual Status watch(const std::string& path, const std::string& token) = 0;
    virtual void unwatch(const std::string& path, const std::string& token) noexcept = 0;
    /// The next event, if one is there. Does not block.
    [[nodiscard]] virtual Result<std::optional<Watch_event>> next_event() = 0;
    /// Readable while next_event() would return one. Owned by the object.
    [[nodiscard]] virtual int fd() const noexcept = 0;
};

/// How often a transaction is tried before `busy` is handed to the caller.
inline constexpr int transaction_attempts_max = 64;

/// Runs `body(txn)` (→ Status) in a transaction and commits it, again while the commit conflicts.
/// An error of the body aborts and is handed on.
template <class Body>
[[nodiscard]] Status transact(Store& store, Body&& body) {
    for (int attempt = 1;; ++attempt) {
        auto txn = store.begin();
        if (!txn) return tl::unexpected<Error>(std::move(txn.error()));
        if (Status done = body(*txn); !done) {
            store.abort(*txn);
            return done;
        }
        Status committed = store.commit(*txn);
        if (committed || committed.error().fault != Fault::busy || attempt == transaction_attempts_max)
            return committed;
    }
}

} // namespace xvm::port
