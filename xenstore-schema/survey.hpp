// SPDX-License-Identifier: Apache-2.0
// The first look at a store: which domains are xvm's, what is left over, which directories to judge.
//
// Invariant: no judged directory lies at or below a leftover one: what must go is told once.
#pragma once

#include "xenstore-schema/lint.hpp"
#include "xenstore-schema/pattern.hpp"
#include "xenstore-schema/row.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::schema {

/// One directory of the store and the row it fits.
struct Directory {
    const Directory_row* row = nullptr;
    std::string path;
    Bindings bindings;
    Domid guest{}; ///< whom "guest" in its permissions means
};

struct Survey {
    std::map<Domid, std::string> ours; ///< domains under /xvm/domain: their uuid as text
    std::set<std::string> leftover;    ///< roots
    std::vector<Directory> directories;
    std::vector<Finding> findings;

    /// The deepest judged directory at or above the path; null: none.
    [[nodiscard]] const Directory* enclosing(std::string_view path) const;
    [[nodiscard]] bool is_leftover(std::string_view path) const;
};

[[nodiscard]] Survey survey(const Store_image& image);

/// The domain whose node this is, if the path names one.
[[nodiscard]] std::optional<Domid> domain_of(std::string_view path);

/// All rows of the schema.
[[nodiscard]] std::span<const Directory_row> directory_rows() noexcept;
[[nodiscard]] std::span<const Class_row> class_rows() noexcept;
/// The row of that name; the schema has it.
[[nodiscard]] const Directory_row& directory_row(std::string_view name_space, std::string_view name);
/// A class of devices that nobody but xvm has.
[[nodiscard]] bool is_own_class(std::string_view name_space) noexcept;

} // namespace xvm::schema
