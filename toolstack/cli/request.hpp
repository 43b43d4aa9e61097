// SPDX-License-Identifier: Apache-2.0
// Arguments to the request that the model says they make.
#pragma once

#include "toolstack/api/http_client.hpp"
#include "toolstack/cli/arguments.hpp"

namespace xvm::cli {

/// An absolute path as it is, another from the current directory on; "-" stays.
[[nodiscard]] std::string absolute_path(const std::string& path);

/// The text of a guest's configuration; "-" is standard input. not_found and such name the file.
[[nodiscard]] Result<std::string> read_config(const std::string& path);

/// The verb's HTTP request. Reads the file that is the whole body, if there is one.
[[nodiscard]] Result<api::Call> call_of(const Arguments& arguments);

} // namespace xvm::cli
