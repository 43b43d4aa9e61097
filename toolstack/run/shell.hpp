// SPDX-License-Identifier: Apache-2.0
// A shell: a domain made in advance, paused, for a guest that is not known yet. An empty one has processors,
// limits and features. A filled one has memory, a kernel in it and its start-up pages, too, its nodes as far
// as they hang on no name or uuid, and the store and xenconsoled know it.
//
// Invariant: a shell has a uuid that no guest has (is_shell()), so that an xvmd that starts can tell those of
// one that died, and ends them.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "toolstack/plan/nodes.hpp"
#include "toolstack/run/image_cache.hpp"

#include <optional>
#include <string>
#include <vector>

namespace xvm::run {

struct Ports;

/// What a domain is filled with: the same twice gives the same guest.
struct Boot_recipe {
    plan::Image_source kernel_source;
    plan::Image_source ramdisk_source; ///< may be none
    Image_identity kernel;
    Image_identity ramdisk;
    std::string command_line;
    bool operator==(const Boot_recipe&) const = default;
};

struct Shell {
    struct Filling {
        Boot_recipe recipe;
        port::Built_domain built;
        plan::Nodes nodes; ///< that were written
    };
    Domain_id id;
    std::optional<Filling> filled;
};

/// A uuid that marks a shell, and whether one does.
[[nodiscard]] Uuid shell_uuid();
[[nodiscard]] bool is_shell(const Uuid& uuid) noexcept;

[[nodiscard]] plan::Guest_facts facts_of(const Domain_id& id, const port::Built_domain& built) noexcept;

/// Fills an empty one of this shape. usage: the recipe's files are not what they were. After an error it is
/// to be ended, whatever it has got.
[[nodiscard]] Result<Shell::Filling> fill_shell(Ports& ports, const Domain_id& id,
                                                const port::Domain_shape& shape, const Boot_recipe& recipe);

/// And its nodes. One that is gone already is no error.
[[nodiscard]] Status end_shell(Ports& ports, const Domain_id& id);

/// Ends every shell that Xen lists, whoever made it: at xvmd's start they are an earlier one's.
[[nodiscard]] Status end_all_shells(Ports& ports);

} // namespace xvm::run
