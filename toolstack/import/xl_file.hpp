// SPDX-License-Identifier: Apache-2.0
// An xl.cfg as libxlutil reads it, with what libxlutil does not tell: which keys there are, and where.
//
// Invariant: every assignment of the file is one of settings(), in order; values are libxlutil's own words.
// It is the judge of the file's form: where a statement ends is where libxlutil takes what came before.
#pragma once

#include "libvmshare/base/result.hpp"
#include "toolstack/import/report.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct XLU_Config;

namespace xvm::import {

struct Setting {
    std::string name;
    std::size_t line = 1; ///< of the name, from 1
    std::size_t column = 1;
    std::string words; ///< the assignment as it stands in the file
};

class Xl_file {
  public:
    /// usage: libxlutil does not take it; the object is "SOURCE:LINE:COLUMN".
    [[nodiscard]] static Result<Xl_file> read(std::string text, const std::string& source);

    [[nodiscard]] const std::vector<Setting>& settings() const noexcept { return settings_; }
    /// The last assignment to `name`: the one that counts.
    [[nodiscard]] const Setting* find(std::string_view name) const noexcept;
    /// A single value; nothing if absent or a list.
    [[nodiscard]] std::optional<std::string> text(const std::string& name) const;
    /// A list of single values; nothing if absent, a single value, or a list of lists.
    [[nodiscard]] std::optional<std::vector<std::string>> list(const std::string& name) const;

    /// "SOURCE:LINE:COLUMN" of a setting.
    [[nodiscard]] std::string place(const Setting& setting) const;
    /// Of an item in the list `name`, or of the list where the item is written in another way.
    [[nodiscard]] std::string place_of_item(std::string_view name, const std::string& item) const;
    [[nodiscard]] const std::string& source() const noexcept { return source_; }

  private:
    struct Destroy {
        void operator()(XLU_Config* config) const noexcept;
    };
    std::string source_;
    std::unique_ptr<Report> report_; // libxlutil holds on to it
    std::unique_ptr<XLU_Config, Destroy> config_;
    std::vector<Setting> settings_;
};

} // namespace xvm::import
