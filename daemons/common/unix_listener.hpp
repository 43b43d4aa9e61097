// SPDX-License-Identifier: Apache-2.0
// The daemon's own socket: one holder at a time.
//
// It is made by the daemon itself, or was made by the service manager and handed over.
//
// Invariant: while an object lives, its process holds the lock "<path>.lock" (which carries its pid), and
// nobody else can listen on `path`. A socket file left by a dead process is replaced; one that somebody
// answers on never is. The lock file stays behind: removing it would race with the next holder.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <string>

namespace xvm::daemon {

class Unix_listener {
  public:
    /// Makes the directory (0750, its parent must exist), takes the lock, listens (0660).
    /// busy: another process holds the lock (its pid is named) or answers on the path.
    [[nodiscard]] static Result<Unix_listener> open(const std::string& path, const std::string& daemon);

    /// Takes over a socket that listens already, and the lock beside it. The socket file is not this
    /// object's to remove. usage: no listening Unix stream socket with a path; busy: as above.
    [[nodiscard]] static Result<Unix_listener> adopt(Unique_fd socket, const std::string& daemon);

    Unix_listener(Unix_listener&& other) noexcept = default;
    Unix_listener& operator=(Unix_listener&& other) = delete;
    ~Unix_listener();

    /// Listening, not blocking. Owned by the object.
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    Unix_listener(std::string path, Unique_fd lock, Unique_fd socket, bool ours)
        : path_(std::move(path)), lock_(std::move(lock)), socket_(std::move(socket)), ours_(ours) {}

    std::string path_;
    Unique_fd lock_;
    Unique_fd socket_;
    bool ours_; ///< the socket file goes with the object
};

} // namespace xvm::daemon
