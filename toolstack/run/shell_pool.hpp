// SPDX-License-Identifier: Apache-2.0
// Shells: domains made in advance, empty and paused, with processors, limits and features, for the next
// guests of their size. A guest that takes one gives it its uuid.
//
// Invariant: a shell has a uuid that no guest has (is_shell()), so that an xvmd that starts can tell those
// of one that died, and ends them; what take() gave away is a shell to nobody here. Never more than
// size_max. Any thread.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace xvm::run {

/// Which shells, and how many.
struct Pool_policy {
    static constexpr unsigned size_max = 64;

    unsigned size = 0; ///< 0: the pool is off
    port::Guest_type type = port::Guest_type::pv;
    std::uint64_t memory_bytes = 0;
    unsigned vcpus = 1;
    bool operator==(const Pool_policy&) const = default;
};

/// A uuid that marks a shell, and whether one does.
[[nodiscard]] Uuid shell_uuid();
[[nodiscard]] bool is_shell(const Uuid& uuid) noexcept;

class Shell_pool {
  public:
    struct Counts {
        Pool_policy policy;
        unsigned ready = 0;
        std::uint64_t hits = 0;
        std::uint64_t misses = 0; ///< creates, while the pool was on, that found none that fits
    };
    [[nodiscard]] Counts counts() const;

    /// Ends the shells there are when they are of another kind, or too many.
    [[nodiscard]] Status set_policy(port::Domains& domains, const Pool_policy& policy);
    /// Makes one shell if one is wanted; whether more are. An error turns nothing off: the next call tries
    /// again.
    [[nodiscard]] Result<bool> refill(port::Domains& domains);
    /// A domain of this shape, now with its uuid; nothing when there is none that fits.
    [[nodiscard]] Result<std::optional<Domid>> take(port::Domains& domains, const port::Domain_shape& shape);
    /// Called after each shell that is taken, on the thread that took it: must not block, nor call this.
    void when_taken(std::function<void()> taken);
    /// Ends all of this pool's.
    void drain(port::Domains& domains);

  private:
    mutable std::mutex mutex_; ///< guards the rest
    Pool_policy policy_;
    std::vector<Domain_id> ready_;
    std::uint64_t hits_ = 0;
    std::uint64_t misses_ = 0;
    std::function<void()> taken_;
};

/// Ends every shell that Xen lists, whoever made it: at xvmd's start they are an earlier one's.
[[nodiscard]] Status end_all_shells(port::Domains& domains);

} // namespace xvm::run
