// SPDX-License-Identifier: Apache-2.0
// Plans that write a guest to a file, and that let it go on from there.
#pragma once

#include "toolstack/plan/plan_life.hpp"

namespace xvm::plan {

struct Save_order {
    std::string path;                  ///< absolute
    bool replace = false;              ///< a file that is there
    bool running = false;              ///< the guest goes on afterwards
    std::chrono::milliseconds limit{}; ///< for the guest to suspend
    std::string save;                  ///< the file's own word: toolstack/saved/saved_guest.hpp
    std::string version;               ///< of xvm
};

/// The file is whole and synced before the guest is ended; until then every failure lets the guest go on and
/// leaves no file.
[[nodiscard]] Plan plan_save(const Guest_ref& guest, const Guest_config& config, const Save_order& order);

struct Restore_order {
    std::string path; ///< absolute
    bool paused = false;
    std::uint64_t memory_bytes = 0;  ///< what is in the file
    std::uint64_t target_bytes = 0;  ///< what the guest is asked to have
    std::vector<unsigned> offline;   ///< processors it is asked not to use
    std::vector<std::string> offers; ///< what it had said it can be asked for
};

/// As plan_create(), but for where the memory comes from. The file stays as it is.
[[nodiscard]] Plan plan_restore(const Guest_config& guest, const Uuid& uuid, const Restore_order& order);

} // namespace xvm::plan
