// SPDX-License-Identifier: Apache-2.0
// Paths with placeholders: "/local/domain/{domid}/device/xvbd/{devid}".
//
// Invariant: a placeholder stands for the rest of one path segment and matches only text of its kind
// in its one spelling ("7", never "07"), so that filling a match's bindings in gives the path again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xvm::schema {

/// What the placeholders of a path stood for: {"domid", "7"}.
class Bindings {
  public:
    void set(std::string_view name, std::string_view value);
    /// Empty if it is not bound.
    [[nodiscard]] std::string_view get(std::string_view name) const noexcept;

  private:
    std::vector<std::pair<std::string, std::string>> values_;
};

struct Match {
    Bindings bindings;
    std::string_view rest; ///< of the path, behind the pattern and its slash
    bool whole = false;    ///< nothing of the path was left
};

/// The segments between slashes; a leading slash adds none.
[[nodiscard]] std::vector<std::string_view> segments(std::string_view path);

/// Whether `segment` fits one segment of a pattern; what it binds is added.
[[nodiscard]] bool match_segment(std::string_view pattern, std::string_view segment, Bindings& bindings);

/// Matches the whole pattern against the beginning of the path.
[[nodiscard]] std::optional<Match> match_prefix(std::string_view pattern, std::string_view path);

/// Whether the path is a parent, near or far, of something that fits the pattern.
[[nodiscard]] bool is_parent_of(std::string_view path, std::string_view pattern);

/// The pattern with what is bound filled in; other placeholders stay.
[[nodiscard]] std::string fill(std::string_view pattern, const Bindings& bindings);

} // namespace xvm::schema
