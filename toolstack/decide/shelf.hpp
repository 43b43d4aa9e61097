// SPDX-License-Identifier: Apache-2.0
// Where stored configurations lie: texts by name. The service has a database, an xvmd without one a
// directory.
#pragma once

#include "libvmshare/base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace xvm::decide {

class Shelf {
  public:
    Shelf() = default;
    Shelf(const Shelf&) = delete;
    Shelf& operator=(const Shelf&) = delete;
    virtual ~Shelf() = default;

    /// Nothing: there is none of that name. Names are those that a domain may have.
    [[nodiscard]] virtual Result<std::optional<std::string>> read(const std::string& name) = 0;
    /// There whole or not at all, and after a loss of power, too. Replaces the one of that name.
    [[nodiscard]] virtual Status write(const std::string& name, const std::string& text) = 0;
    /// False: there was none.
    [[nodiscard]] virtual Result<bool> remove(const std::string& name) = 0;
    /// Sorted.
    [[nodiscard]] virtual Result<std::vector<std::string>> names() = 0;
    /// Where it lies, for a user.
    [[nodiscard]] virtual std::string place(const std::string& name) const = 0;
};

} // namespace xvm::decide
