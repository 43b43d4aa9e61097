// SPDX-License-Identifier: Apache-2.0
// Grants: memory of another domain, by its leave.
//
// Contract (tests/contract holds every port to it):
// - A mapping lives exactly as long as its Grant_map, and vanishes with the process.
// - A grant in use cannot be ended by its owner.
// - Every element of a batch has its own status; one refused element spoils no other.
// - copy() never touches memory outside [offset, offset + length) of the named page.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace xvm::port {

inline constexpr std::size_t page_bytes = 4096;

enum class Access : std::uint8_t { read_only, read_write };

/// Grants of a peer mapped one after the other, as one stretch of memory.
/// Invariant: unmapped exactly once, before the Grants it came from closes.
class Grant_map {
  public:
    /// What a port keeps per mapping; its destructor unmaps.
    struct Holder {
        virtual ~Holder() = default;
    };

    Grant_map() = default;
    Grant_map(std::span<std::byte> bytes, std::unique_ptr<Holder> holder) noexcept
        : bytes_(bytes), holder_(std::move(holder)) {}
    Grant_map(Grant_map&& other) noexcept
        : bytes_(std::exchange(other.bytes_, {})), holder_(std::move(other.holder_)) {}
    Grant_map& operator=(Grant_map&& other) noexcept {
        holder_ = std::move(other.holder_);
        bytes_ = std::exchange(other.bytes_, {});
        return *this;
    }

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

  private:
    std::span<std::byte> bytes_;
    std::unique_ptr<Holder> holder_;
};

enum class Direction : std::uint8_t { from_guest, to_guest };

/// One stretch of one granted page to or from local memory. offset + length <= page_bytes.
struct Grant_copy {
    Gref gref{};
    std::uint16_t offset = 0; ///< bytes into the granted page
    std::uint16_t length = 0; ///< bytes
    std::byte* local = nullptr;
    Direction direction = Direction::from_guest;
    bool ok = false; ///< out: this element was copied whole
};

class Grants {
  public:
    virtual ~Grants() = default;

    /// Maps `grefs` of `owner` in this order, contiguously. All or nothing.
    /// failed: a reference the owner did not grant us so; exhausted: no room to map.
    [[nodiscard]] virtual Result<Grant_map> map(Domid owner, std::span<const Gref> grefs, Access access) = 0;

    /// Copies each element; see `ok` in each. An Error only when the call as a whole did not run.
    [[nodiscard]] virtual Status copy(Domid owner, std::span<Grant_copy> elements) = 0;
};

/// Pages of this domain, granted to a peer: the owner's side. Front ends in user space and tests.
class Granter {
  public:
    virtual ~Granter() = default;

    struct Shared {
        std::span<std::byte> bytes;
        std::span<const Gref> grefs; ///< one per page, in order
    };

    /// New zeroed pages, granted to `peer`. They live until end(). exhausted: no page or reference left.
    [[nodiscard]] virtual Result<Shared> share(Domid peer, std::size_t pages, Access access) = 0;

    /// Ends grants made by share() (all pages of one call) and frees the pages. busy: still mapped by
    /// the peer; nothing was ended.
    [[nodiscard]] virtual Status end(std::span<const Gref> grefs) = 0;
};

} // namespace xvm::port
