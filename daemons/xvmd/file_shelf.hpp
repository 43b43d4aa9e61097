// SPDX-License-Identifier: Apache-2.0
// Stored configurations of an xvmd that decides for itself: one file each, NAME.toml, in a directory that
// outlives the host's restart.
//
// Invariant: a file is there whole or not at all, whatever ends in the middle. A name is one that a domain
// may have, so it stands in a path as it is. Any thread; calls on one name follow each other.
#pragma once

#include "toolstack/decide/shelf.hpp"

namespace xvm::xvmd {

class File_shelf final : public decide::Shelf {
  public:
    explicit File_shelf(std::string directory) : directory_(std::move(directory)) {}

    Result<std::optional<std::string>> read(const std::string& name) override;
    Status write(const std::string& name, const std::string& text) override;
    Result<bool> remove(const std::string& name) override;
    Result<std::vector<std::string>> names() override;
    std::string place(const std::string& name) const override { return directory_ + "/" + name + ".toml"; }

  private:
    std::string directory_;
};

} // namespace xvm::xvmd
