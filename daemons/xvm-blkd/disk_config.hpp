// SPDX-License-Identifier: Apache-2.0
// What a disk is to be: from xvm's private directory, which no guest can read or write.
#pragma once

#include "backends/block/image.hpp"
#include "libvmshare/port/store.hpp"

#include <cstdint>
#include <string>

namespace xvm::blkd {

/// Names one disk for as long as its domain lives.
struct Vbd_id {
    Domid guest{};
    std::uint32_t devid = 0;
    auto operator<=>(const Vbd_id&) const = default;
};

enum class Disk_kind : std::uint8_t { raw, pack };

struct Disk_config {
    Disk_kind kind = Disk_kind::raw;
    std::string path;
    bool read_only = true;
};

/// not_found: the directory or a node of it is not there; usage: a node holds what it must not.
[[nodiscard]] Result<Disk_config> read_config(port::Store& store, Vbd_id id);

/// The file or pack, opened and locked. A pack is read-only whatever the mode.
[[nodiscard]] Result<block::Image> open_image(const Disk_config& config, block::Packs& packs);

} // namespace xvm::blkd
