// SPDX-License-Identifier: Apache-2.0
// What xvmd knows of the guests it started: their configurations, kept in memory and in one file each, so
// that an xvmd that starts again knows them too. The directory lies in /run: it goes with the host, as guests
// do.
//
// Invariant: no two records have the same uuid. A record says nothing of whether the domain lives: Xen does.
// Any thread; every call is atomic.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "toolstack/plan/config.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace xvm::run {

/// Memory that a guest gave up so that another could start.
struct Loan {
    Uuid borrower;
    std::uint64_t bytes = 0;
    bool operator==(const Loan&) const = default;
};

struct Guest_record {
    Domain_id id; ///< the domid may be an earlier one's while `restarting`
    plan::Guest_config guest;
    bool restarting = false;     ///< ended, and to be started again
    std::vector<Loan> lent = {}; ///< it gets them back when the borrowers have ended
    bool operator==(const Guest_record&) const = default;
};

class Guest_book {
  public:
    /// Makes the directory, reads what is there. What cannot be read is renamed to *.damaged and told.
    [[nodiscard]] static Result<std::unique_ptr<Guest_book>> open(const std::string& directory,
                                                                  std::vector<Error>& damaged);

    /// New, or in place of the one with its uuid.
    [[nodiscard]] Status keep(const Guest_record& record);
    /// What is not there is forgotten already.
    void forget(const Uuid& uuid);

    [[nodiscard]] std::optional<Guest_record> by_uuid(const Uuid& uuid) const;
    [[nodiscard]] std::optional<Guest_record> by_name(std::string_view name) const;
    /// Whether there is a record of this uuid with this number.
    [[nodiscard]] bool knows(const Domain_id& id) const;
    [[nodiscard]] std::vector<Guest_record> all() const;

  private:
    explicit Guest_book(std::string directory) : directory_(std::move(directory)) {}
    [[nodiscard]] std::string path_of(const Uuid& uuid) const;
    Status load(std::vector<Error>& damaged);

    std::string directory_;
    mutable std::mutex mutex_; ///< guards records_
    std::map<Uuid, Guest_record> records_;
};

} // namespace xvm::run
