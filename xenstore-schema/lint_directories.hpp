// SPDX-License-Identifier: Apache-2.0
// The rules about what belongs together: nodes that must be there, directories of one device, states.
#pragma once

#include "xenstore-schema/survey.hpp"

#include <vector>

namespace xvm::schema {

void lint_directories(const Store_image& image, const Survey& survey, std::vector<Finding>& findings);

} // namespace xvm::schema
