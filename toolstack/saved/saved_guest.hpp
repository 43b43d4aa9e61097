// SPDX-License-Identifier: Apache-2.0
// What a saved guest's file says of it beside its memory, and the file's head as bytes.
// The layout is libvmshare/abi/saved.h, the words are docs/protocols/saved.md.
//
// Invariant: parse_head() takes only what encode_head() makes; whatever else it is given, it answers with an
// Error.
#pragma once

#include "libvmshare/abi/saved.h"
#include "libvmshare/pack/sha256.hpp"
#include "toolstack/plan/config.hpp"

#include <functional>
#include <span>
#include <vector>

namespace xvm::saved {

struct Saved_guest {
    plan::Guest_config guest;
    std::string uuid;
    std::string save;    ///< random: tells the file from others of the same guest
    std::string version; ///< of the xvm that wrote it
    std::uint64_t saved_at_s = 0;
    std::uint64_t memory_bytes = 0;  ///< it had
    std::uint64_t target_bytes = 0;  ///< its balloon driver was asked to have
    std::vector<unsigned> offline;   ///< processors that it was asked not to use
    std::vector<std::string> offers; ///< what it said it can be asked for: "poweroff", "suspend"
    bool operator==(const Saved_guest&) const = default;
};

struct Head {
    Saved_guest guest;
    std::uint64_t stream_bytes = 0;
    pack::Sum stream_sha256{};
};

/// 64 KiB. exhausted: the guest's configuration is too large for them.
[[nodiscard]] Result<std::vector<std::byte>> encode_head(const Head& head, const std::string& path);
/// usage: what is wrong. `file_bytes`: its size; one that does not agree with the head is refused.
[[nodiscard]] Result<Head> parse_head(std::span<const std::byte> bytes, std::uint64_t file_bytes,
                                      const std::string& path);

/// Asked now and then during what takes long: true ends it with an Error. May be empty.
using Cancelled = std::function<bool()>;

/// The sum of `bytes` of the file from the head's end on.
[[nodiscard]] Result<pack::Sum> sum_stream(int fd, std::uint64_t bytes, const std::string& path,
                                           const Cancelled& cancelled);

} // namespace xvm::saved
