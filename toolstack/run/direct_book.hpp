// SPDX-License-Identifier: Apache-2.0
// What xvmd keeps of devices that it has given to guests, or holds for them: in memory, and in one file each,
// so that an xvmd that starts again knows them too. Also who works on a device at the moment.
//
// Invariant: no two records are of the same device; a device without a record is dom0's. At most one holds
// the turn() of a device. Any thread; every call is atomic.
#pragma once

#include "toolstack/plan/direct.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

namespace xvm::run {

class Direct_book {
  public:
    /// Makes the directory, reads what is there. What cannot be read is renamed to *.damaged and told.
    [[nodiscard]] static Result<std::unique_ptr<Direct_book>> open(const std::string& directory,
                                                                   std::vector<Error>& damaged);

    /// New, or in place of the device's. One of phase `host` without pages and reason is forgotten.
    [[nodiscard]] Status keep(const plan::Direct_record& record);
    /// Of one that is not there: dom0's.
    [[nodiscard]] plan::Direct_record look(const std::string& device) const;
    [[nodiscard]] std::vector<plan::Direct_record> all() const;

    /// The device's turn, as long as it is held. busy: somebody has it.
    [[nodiscard]] Result<std::shared_ptr<void>> turn(const std::string& device);

  private:
    explicit Direct_book(std::string directory) : directory_(std::move(directory)) {}
    [[nodiscard]] std::string path_of(const std::string& device) const;
    Status load(std::vector<Error>& damaged);

    std::string directory_;
    mutable std::mutex mutex_; ///< guards the rest
    std::map<std::string, plan::Direct_record> records_;
    std::set<std::string> turns_;
};

} // namespace xvm::run
