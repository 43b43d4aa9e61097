// SPDX-License-Identifier: Apache-2.0
// Memory that is promised: to an operation that gathers it, or to a guest that is being made. What is
// promised to one is free in Xen's eyes, and is not given to another.
//
// A promise needs no bookkeeping while memory moves: it says who gives down to what, and who takes from
// where on, and Xen's count of their pages says how much of it is free at this moment.
// Invariant: what reserve() has admitted, together with the host's reserve, was free when it did. Those that
// are kept in a file outlive xvmd; whoever recovers their operation drops them. Any thread; atomic.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <memory>
#include <mutex>
#include <optional>

namespace xvm::run {

/// A guest that gives: what it had, and what it is to keep.
struct Reserved_giver {
    Uuid uuid;
    std::uint64_t memory_bytes = 0;
    std::uint64_t leave_bytes = 0;
    bool operator==(const Reserved_giver&) const = default;
};

struct Reservation {
    Uuid id;                      ///< of its own
    std::string what;             ///< for people: "memory move 'a' to 'b'"
    std::uint64_t free_bytes = 0; ///< promised of what was free when it was made
    std::vector<Reserved_giver> givers;
    Uuid taker; ///< who gets it; of a guest yet to be made, too
    std::uint64_t taker_memory_bytes =
        0; ///< what it had before; what it has more by now is promised no longer
    bool operator==(const Reservation&) const = default;
};

/// How much of Xen's free memory is this one's, as domains are.
[[nodiscard]] std::uint64_t promised_bytes(const Reservation& reservation,
                                           const std::vector<port::Domain_info>& domains) noexcept;

class Reservations {
  public:
    /// `directory`: made if it is not there; what it holds counts. Empty: no files.
    [[nodiscard]] static Result<std::unique_ptr<Reservations>>
    open(const std::string& directory, std::uint64_t host_reserve_bytes, std::vector<Error>& damaged);

    enum class Kept : bool { in_memory, in_file };
    /// exhausted: so much is not available. One with the same id is replaced.
    [[nodiscard]] Status reserve(port::Domains& domains, const Reservation& reservation, Kept kept);
    /// What is not there is dropped already.
    void drop(const Uuid& id);
    /// All: at xvmd's start, after what made them was recovered. How many there were.
    std::size_t drop_all();

    [[nodiscard]] std::vector<Reservation> all() const;
    /// Of Xen's free memory: promised to others than `except`.
    [[nodiscard]] Result<std::uint64_t> promised(port::Domains& domains, const Uuid& except = {}) const;
    /// Free, and neither promised nor the host's reserve.
    [[nodiscard]] Result<std::uint64_t> available(port::Domains& domains, const Uuid& except = {}) const;
    [[nodiscard]] std::uint64_t host_reserve_bytes() const noexcept { return host_reserve_bytes_; }

  private:
    Reservations(std::string directory, std::uint64_t host_reserve_bytes)
        : directory_(std::move(directory)), host_reserve_bytes_(host_reserve_bytes) {}
    [[nodiscard]] std::string path_of(const Uuid& id) const;
    Status load(std::vector<Error>& damaged);
    [[nodiscard]] Result<std::uint64_t> available_locked(port::Domains& domains, const Uuid& except) const;

    const std::string directory_;
    const std::uint64_t host_reserve_bytes_;
    mutable std::mutex mutex_; ///< guards the rest
    std::vector<Reservation> all_;
};

/// Drops a reservation when its last copy goes.
[[nodiscard]] std::shared_ptr<void> held(Reservations& reservations, const Uuid& id);

} // namespace xvm::run
