// SPDX-License-Identifier: Apache-2.0
// SHA-256 over bytes that come in pieces (libcrypto). No I/O.
#pragma once

#include "libvmshare/pack/index.hpp"

#include <memory>
#include <span>

struct SHA256state_st;

namespace xvm::pack {

class Sha256 {
  public:
    Sha256();
    void update(std::span<const std::byte> bytes);
    /// Adds `count` zero bytes: what a hole in a sparse file reads as.
    void update_zeros(std::uint64_t count);
    /// The sum of all that was added. The object then starts anew.
    [[nodiscard]] Sum finish();

  private:
    struct Free {
        void operator()(SHA256state_st* state) const noexcept;
    };
    std::unique_ptr<SHA256state_st, Free> state_;
};

[[nodiscard]] Sum sha256(std::span<const std::byte> bytes);

} // namespace xvm::pack
