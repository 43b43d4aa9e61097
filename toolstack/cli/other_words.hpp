// SPDX-License-Identifier: Apache-2.0
// Words that other tools have for what a verb does.
#pragma once

#include <array>
#include <string_view>

namespace xvm::cli {

struct Other_word {
    std::string_view word;
    std::string_view verb; ///< ours
};

inline constexpr std::array other_words{
    // xl's
    Other_word{"block-attach", "disk attach"},
    Other_word{"block-detach", "disk detach"},
    Other_word{"block-list", "disk list"},
    Other_word{"network-attach", "net attach"},
    Other_word{"network-detach", "net detach"},
    Other_word{"network-list", "net list"},
    Other_word{"pci-attach", "device assign"},
    Other_word{"pci-detach", "device release"},
    Other_word{"pci-list", "device list"},
    Other_word{"pci-assignable-list", "device list"},
    Other_word{"vcpu-list", "vcpu list"},
    Other_word{"vcpu-pin", "vcpu pin"},
    Other_word{"vcpu-set", "vcpu set"},
    Other_word{"mem-set", "memory set"},
    Other_word{"mem-max", "memory set"},
    Other_word{"domid", "show"},
    Other_word{"domname", "show"},
    Other_word{"vm-list", "list"},
    // What people say.
    Other_word{"vm", "list"},
    Other_word{"vms", "list"},
    Other_word{"domains", "list"},
    Other_word{"ps", "list"},
    Other_word{"status", "show"},
    Other_word{"describe", "show"},
    Other_word{"run", "create"},
    Other_word{"new", "create"},
    Other_word{"stop", "shutdown"},
    Other_word{"halt", "shutdown"},
    Other_word{"poweroff", "shutdown"},
    Other_word{"restart", "reboot"},
    Other_word{"kill", "destroy"},
    Other_word{"delete", "destroy"},
    Other_word{"remove", "destroy"},
    Other_word{"suspend", "save"},
    Other_word{"resume", "unpause"},
    Other_word{"cancel", "operation cancel"},
    Other_word{"lint", "store lint"},
    Other_word{"resize", "disk resize"},
    Other_word{"pin", "vcpu pin"},
};

} // namespace xvm::cli
