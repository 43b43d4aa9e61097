// SPDX-License-Identifier: Apache-2.0
// A file that appears under its name only when it is complete.
// Invariant: until publish() there is only a hidden file beside it, which goes with the object; no
// symbolic link is followed, whatever was planted in the directory.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <string>

namespace xvm::pack {

enum class Existing : bool { keep, replace };

class New_file {
  public:
    /// In the directory open as `directory` (borrowed: it must outlive the object), to be called `name`,
    /// one path component. `shown` stands for the file in messages.
    [[nodiscard]] static Result<New_file> create(int directory, std::string name, std::string shown);
    New_file(New_file&&) = default;
    New_file& operator=(New_file&&) = delete;
    ~New_file();

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const std::string& shown() const noexcept { return shown_; }

    /// Gives the file its name. Existing::keep: Fault::busy if the name is taken, even since a moment.
    [[nodiscard]] Status publish(Existing existing);

  private:
    New_file(int directory, std::string name, std::string shown)
        : directory_(directory), name_(std::move(name)), shown_(std::move(shown)) {}

    int directory_;
    std::string name_;
    std::string shown_;
    std::string hidden_name_;
    Unique_fd fd_; // with a descriptor there is a hidden file
};

/// Fault::busy if `name` is taken in `directory`, by whatever it is.
[[nodiscard]] Status refuse_taken(int directory, const std::string& name, const std::string& shown);

} // namespace xvm::pack
