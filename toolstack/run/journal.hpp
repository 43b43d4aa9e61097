// SPDX-License-Identifier: Apache-2.0
// What xvmd is about to do, kept where it outlives xvmd: one file a plan that is under way. Its directory is
// in memory (/run): with the host go the guests, and so what was to be done with them.
//
// Invariant: before a step touches anything, the file says so; when the file is gone, nothing of the plan is
// left to do. A file that cannot be read is set aside under another name, and told.
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/plan/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xvm::run {

/// How far a plan has come.
struct Progress {
    std::size_t step = 0; ///< the one that is being done, or undone
    bool undoing = false;
    std::optional<Domid> domid; ///< of the guest, once it is known
    bool operator==(const Progress&) const = default;
};

/// One plan's file. Its end removes the file, unless keep() was called.
class Journal_entry {
  public:
    Journal_entry(Journal_entry&& other) noexcept = default;
    Journal_entry& operator=(Journal_entry&&) = delete;
    ~Journal_entry();

    [[nodiscard]] Status write(const Progress& progress);
    /// Something could not be taken back: a next start tries again.
    void keep() noexcept { path_.clear(); }

  private:
    friend class Journal;
    Journal_entry(Unique_fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    Unique_fd fd_;
    std::string path_;
};

struct Unfinished {
    std::string path;
    plan::Plan plan;
    Progress progress;
};

class Journal {
  public:
    /// Makes the directory.
    [[nodiscard]] static Result<Journal> open(const std::string& directory);

    [[nodiscard]] Result<Journal_entry> begin(const plan::Plan& plan) const;

    /// What an earlier xvmd left, oldest first. What cannot be read is renamed to *.damaged and told in
    /// `damaged`.
    [[nodiscard]] Result<std::vector<Unfinished>> unfinished(std::vector<Error>& damaged) const;
    /// Goes on with what was left.
    [[nodiscard]] static Result<Journal_entry> resume(const Unfinished& left);

  private:
    explicit Journal(std::string directory) : directory_(std::move(directory)) {}
    std::string directory_;
};

} // namespace xvm::run
