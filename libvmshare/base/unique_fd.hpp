// SPDX-License-Identifier: Apache-2.0
// A file descriptor with one owner.
// Invariant: closed exactly once, by the object that holds it; -1 means none.
#pragma once

#include <unistd.h>
#include <utility>

namespace xvm {

class Unique_fd {
  public:
    Unique_fd() = default;
    explicit Unique_fd(int fd) noexcept : fd_(fd) {}
    Unique_fd(Unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Unique_fd& operator=(Unique_fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    Unique_fd(const Unique_fd&) = delete;
    Unique_fd& operator=(const Unique_fd&) = delete;
    ~Unique_fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept {
        if (const int old = std::exchange(fd_, fd); old >= 0) ::close(old);
    }

  private:
    int fd_ = -1;
};

} // namespace xvm
