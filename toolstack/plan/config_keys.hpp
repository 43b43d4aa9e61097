// SPDX-License-Identifier: Apache-2.0
// The keys of a configuration, each read by a function of its own. Internal to the parser.
#pragma once

#include "toolstack/plan/config.hpp"
#include "toolstack/plan/config_reader.hpp"

namespace xvm::plan {

/// Relative paths start at the configuration file's directory.
struct Base_directory {
    std::string path;
    [[nodiscard]] std::string absolute(const std::string& given) const;
};

/// `replaced`: another name was given on the command line; then the file needs none.
[[nodiscard]] std::string read_name(Table_reader& reader, bool replaced);
[[nodiscard]] Guest_type read_type(Table_reader& reader);
/// Bytes, whole pages; nothing if absent or bad.
[[nodiscard]] std::optional<std::uint64_t> read_memory(Table_reader& reader, std::string_view key);
/// "memory" as a size, with "memory_max" and so on beside it, or all of them as a table.
void read_memory_keys(Table_reader& reader, Config_log& log, Guest_config& guest);
/// "balloon" or, of a PVH guest, "block".
[[nodiscard]] Memory_engine read_engine(Table_reader& reader, std::string_view key, Guest_type type);
/// "destroy", "restart" or "preserve".
[[nodiscard]] On_stop read_on_stop(Table_reader& reader, std::string_view key, On_stop otherwise);
[[nodiscard]] unsigned read_vcpus(Table_reader& reader);
[[nodiscard]] std::vector<unsigned> read_pins(Table_reader& reader, unsigned vcpus);
/// "PACK:ENTRY", "FILE", { pack, entry } or { file }.
[[nodiscard]] Image_source read_image(Table_reader& reader, Config_log& log, std::string_view key,
                                      const Base_directory& base);
[[nodiscard]] std::vector<Disk_config> read_disks(Table_reader& reader, Config_log& log,
                                                  const Base_directory& base);

/// `guest`: made-up addresses are made of its name.
[[nodiscard]] std::vector<Net_config> read_nets(Table_reader& reader, Config_log& log,
                                                const std::string& guest);

} // namespace xvm::plan
