// SPDX-License-Identifier: Apache-2.0
// The pool of shells, for the next guests of their size. A guest that takes one gives it its uuid. They are
// filled for more guests like the last one, as soon as there was one: who starts many, starts many alike.
//
// Invariant: what take() gave away is a shell to nobody here; a filled one only to who wants just what it was
// filled with. Never more than size_max, and no memory that a guest wants (give_up()). Any thread.
#pragma once

#include "toolstack/run/shell.hpp"

#include <functional>
#include <mutex>

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

class Shell_pool {
  public:
    struct Counts {
        Pool_policy policy;
        unsigned ready = 0;
        unsigned filled = 0; ///< of those
        std::uint64_t hits = 0;
        std::uint64_t misses = 0; ///< creates, while the pool was on, that found none that fits
    };
    [[nodiscard]] Counts counts() const;

    /// Ends the shells there are when they are of another kind, or too many.
    [[nodiscard]] Status set_policy(Ports& ports, const Pool_policy& policy);
    /// Makes, fills or ends one shell if that is wanted; whether there is more to do. An error turns nothing
    /// off: the next call tries again, but to fill only after something has changed. One caller at a time.
    [[nodiscard]] Result<bool> refill(Ports& ports);
    /// A domain of this shape, now with its uuid; nothing when there is none that fits. `wanted` (null: that
    /// is not to be known): what it may be filled with.
    [[nodiscard]] Result<std::optional<Shell>> take(Ports& ports, const port::Domain_shape& shape,
                                                    const Boot_recipe* wanted);
    /// A guest was made in this way, from the beginning: shells are to be for its like.
    void learn(const port::Domain_shape& shape, const Boot_recipe& recipe);
    /// Ends those that hold memory; whether there were any. There are no more until a guest takes one.
    [[nodiscard]] bool give_up(Ports& ports);
    /// Called after each shell that is taken, and when there is something new to fill them with, on the
    /// thread that did it: must not block, nor call this.
    void when_taken(std::function<void()> taken);
    /// Ends all of this pool's.
    void drain(Ports& ports);

  private:
    [[nodiscard]] std::vector<Shell>::iterator best(const port::Domain_shape& shape,
                                                    const Boot_recipe* wanted);
    [[nodiscard]] Result<bool> fill_one(Ports& ports, std::unique_lock<std::mutex> lock, Shell shell);

    mutable std::mutex mutex_; ///< guards the rest
    Pool_policy policy_;
    std::vector<Shell> ready_;
    std::optional<Boot_recipe> recipe_; ///< that they are to be filled with
    bool may_fill_ = true;              ///< not after it failed, until something has changed
    std::uint64_t hits_ = 0;
    std::uint64_t misses_ = 0;
    std::function<void()> taken_;
};

} // namespace xvm::run
