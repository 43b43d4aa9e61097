// SPDX-License-Identifier: Apache-2.0
// Which verb is meant.
#pragma once

#include "libvmshare/base/result.hpp"
#include "toolstack/model/model.hpp"

#include <string>
#include <vector>

namespace xvm::cli {

struct Found_verb {
    const model::Verb* verb;
    std::size_t words; ///< how many of the words name it
};

/// The verb that the words start with, by its words or its alias; else usage with the nearest one.
[[nodiscard]] Result<Found_verb> find_words(const std::vector<std::string>& words);

} // namespace xvm::cli
