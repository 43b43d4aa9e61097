// SPDX-License-Identifier: Apache-2.0
// An xvm.toml as it is written: keys in the order in which people expect them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::import {

class Toml_text {
  public:
    void comment(std::string_view words);
    void blank() { text_ += '\n'; }
    void table(std::string_view name) { text_ += "\n[[" + std::string(name) + "]]\n"; }
    void text(std::string_view key, std::string_view value);
    void number(std::string_view key, std::int64_t value);
    void numbers(std::string_view key, const std::vector<unsigned>& values);
    /// { file = "…" }: whatever the path holds, it is a whole file.
    void file(std::string_view key, std::string_view path);

    [[nodiscard]] const std::string& all() const noexcept { return text_; }

  private:
    std::string text_;
};

} // namespace xvm::import
