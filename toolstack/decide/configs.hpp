// SPDX-License-Identifier: Apache-2.0
// Stored configurations: added, shown, removed, and made guests of.
#pragma once

#include "toolstack/decide/question.hpp"
#include "toolstack/decide/shelf.hpp"

namespace xvm::decide {

/// Of "config.add", "config.list", "config.show", "config.remove".
[[nodiscard]] Decision decide_config(const Question& question, Shelf& shelf);
/// The guest that a stored configuration makes; it has the configuration's name.
[[nodiscard]] tl::expected<plan::Guest_config, api::Failure> stored_guest(const std::string& name,
                                                                          Shelf& shelf);

/// Several errors of one file as one Failure.
[[nodiscard]] api::Failure failure_of(const plan::Config_errors& errors);
/// Of a configuration that does not say which file it comes from.
[[nodiscard]] api::Failure no_source();

} // namespace xvm::decide
