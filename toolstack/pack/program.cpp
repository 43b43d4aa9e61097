// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/verb.hpp"

namespace xvm::pack_tool {

command::Program program(std::string_view version) {
    return {"xvm-pack",
            "Packed boot-image disks: one file holds the images of many guests.",
            version,
            "Exit codes: 0 done, 1 failed or corrupt, 2 usage, 3 no such file or image, 4 exists already.\n",
            {&build_verb, &ls_verb, &cat_verb, &extract_verb, &verify_verb},
            nullptr};
}

} // namespace xvm::pack_tool
