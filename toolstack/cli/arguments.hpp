// SPDX-License-Identifier: Apache-2.0
// The words after a verb, parsed by the verb's rows of the model.
//
// Invariant: every value that is there was checked as far as the model says what it may be; what xvmd alone
// can know (whether a guest exists, whether a size fits) is not asked here.
#pragma once

#include "libvmshare/base/result.hpp"
#include "toolstack/model/model.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xvm::cli {

enum class Format { table, json, jsonl, csv };

class Arguments {
  public:
    explicit Arguments(const model::Verb& verb) : verb_(&verb) {}

    [[nodiscard]] const model::Verb& verb() const { return *verb_; }
    /// What was given for a parameter or a common option, by its name in the model; else nullptr.
    [[nodiscard]] const std::string* given(std::string_view name) const;
    /// What was given, or the default; empty if there is neither.
    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] bool is_on(std::string_view name) const { return text(name) == "1"; }
    [[nodiscard]] Format format() const { return format_; }

    void give(std::string_view name, std::string value);

  private:
    friend Result<Arguments> parse_arguments(const model::Verb& verb, const std::vector<std::string>& words);
    const model::Verb* verb_;
    std::vector<std::pair<std::string_view, std::string>> values_;
    Format format_ = Format::table;
};

/// The option as it is typed: "--dry-run", "--no-wait".
[[nodiscard]] std::string option_name(const model::Parameter& parameter);

/// "disk resize ID DEV [SIZE]"
[[nodiscard]] std::string usage_line(const model::Verb& verb);

/// usage for the verb: "VERB: cause; usage: xvm …".
[[nodiscard]] tl::unexpected<Error> usage_error(const model::Verb& verb, std::string cause);

/// The words after the verb's own. An unknown option or choice is a usage error with the nearest one there
/// is.
[[nodiscard]] Result<Arguments> parse_arguments(const model::Verb& verb,
                                                const std::vector<std::string>& words);

} // namespace xvm::cli
