// SPDX-License-Identifier: Apache-2.0
// What a pack holds, as a value: the index after it was checked, or before it is written.
// Invariant of an Index that parse() or plan() made: at most 255 images, names valid and unique, the
// offsets those of the offset rule, every image inside disk_bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::pack {

using Sum = std::array<std::byte, 32>; ///< a SHA-256

/// The values are those of enum xvm_pack_kind.
enum class Kind : std::uint32_t { data, kernel, ramdisk, rootfs, cmdline, dtb };

/// "data", "kernel" …: the names of the kinds, by their values.
inline constexpr std::array<std::string_view, 6> kind_names{"data",   "kernel",  "ramdisk",
                                                            "rootfs", "cmdline", "dtb"};
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;
[[nodiscard]] std::optional<Kind> kind_named(std::string_view name) noexcept;

struct Image {
    std::string name;
    std::uint64_t size = 0;   ///< bytes
    std::uint64_t offset = 0; ///< bytes from the start of the disk
    std::optional<Sum> sum;   ///< none in a plain pack
    Kind kind = Kind::data;
};

struct Index {
    std::uint64_t disk_bytes = 0;
    std::uint64_t build_time_s = 0; ///< since 1970; 0: not stated
    std::string label;
    bool plain = false; ///< names and sizes only
    std::vector<Image> images;

    /// The image of that name, or nullptr.
    [[nodiscard]] const Image* find(std::string_view name) const noexcept;
    /// Where the last image ends, before any padding.
    [[nodiscard]] std::uint64_t data_end() const noexcept;
};

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string hex(const Sum& sum);

} // namespace xvm::pack
