// SPDX-License-Identifier: Apache-2.0
// The rules about single nodes: known, of its type, with its permissions.
#pragma once

#include "xenstore-schema/survey.hpp"

#include <vector>

namespace xvm::schema {

void lint_nodes(const Store_image& image, const Survey& survey, std::vector<Finding>& findings);

} // namespace xvm::schema
