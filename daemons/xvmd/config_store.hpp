// SPDX-License-Identifier: Apache-2.0
// Stored configurations: one file each, NAME.toml, in a directory that outlives the host's restart.
//
// Invariant: a file is there whole or not at all, whatever ends in the middle; its paths are absolute. A name
// is one that a domain may have, so it stands in a path as it is.
#pragma once

#include "toolstack/api/error_json.hpp"
#include "toolstack/plan/config.hpp"

#include <string>
#include <vector>

namespace xvm::xvmd {

struct Stored_config {
    std::string name;
    std::string path;
    std::string toml;
};

class Config_store {
  public:
    explicit Config_store(std::string directory) : directory_(std::move(directory)) {}

    /// Checked, its paths made absolute, written. Replaces the one of that name.
    [[nodiscard]] tl::expected<Stored_config, api::Failure>
    add(const std::string& name, const std::string& toml, const std::string& source) const;
    /// not_found: there is none of that name (the nearest is named).
    [[nodiscard]] Result<Stored_config> get(const std::string& name) const;
    /// The guest that it makes; it has the configuration's name.
    [[nodiscard]] tl::expected<plan::Guest_config, api::Failure> guest(const Stored_config& stored) const;
    [[nodiscard]] Result<Stored_config> remove(const std::string& name) const;
    /// Sorted.
    [[nodiscard]] Result<std::vector<std::string>> names() const;

  private:
    [[nodiscard]] std::string path_of(const std::string& name) const {
        return directory_ + "/" + name + ".toml";
    }
    [[nodiscard]] Error unknown(const std::string& name) const;

    std::string directory_;
};

/// Several errors of one file as one Failure.
[[nodiscard]] api::Failure failure_of(const plan::Config_errors& errors);

} // namespace xvm::xvmd
