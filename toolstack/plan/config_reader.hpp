// SPDX-License-Identifier: Apache-2.0
// One TOML table read key by key, with every mistake noted where it stands. Internal to the parser.
//
// Invariant: after finish(), each key of the table was asked for or is in the errors as unknown.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

namespace xvm::plan {

/// Collects errors with their place in the file.
class Config_log {
  public:
    explicit Config_log(std::string source) : source_(std::move(source)) {}

    void add(const toml::source_region& where, std::string cause, std::string remedy = {});
    /// Of what is missing, and so has no place of its own; `where`: of the table that lacks it.
    void add_missing(const toml::source_region& where, std::string cause, std::string remedy);
    /// All errors, in the order of their places.
    [[nodiscard]] std::vector<Error> take();

  private:
    struct Entry {
        bool missing;
        toml::source_position at;
        Error error;
    };
    [[nodiscard]] std::string place(const toml::source_region& where) const;

    std::string source_;
    std::vector<Entry> entries_;
};

class Table_reader {
  public:
    /// `what` names the table in messages: "" for the file itself, "disk", "kernel".
    Table_reader(const toml::table& table, std::string what, Config_log& log)
        : table_(table), what_(std::move(what)), log_(log) {}

    /// The value, or nothing when the key is absent or of another type (which is then noted).
    [[nodiscard]] std::optional<std::string> text(std::string_view key, std::string_view example);
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::string_view example);
    [[nodiscard]] std::optional<bool> boolean(std::string_view key, std::string_view example);
    /// The node itself, for keys with several forms.
    [[nodiscard]] const toml::node* node(std::string_view key);

    /// Where a key's value stands, or the table if there is none.
    [[nodiscard]] const toml::source_region& where(std::string_view key) const;

    void bad(std::string_view key, std::string cause, std::string remedy = {});
    /// `or_key`: another key that would do as well.
    void missing(std::string_view key, std::string_view example, std::string_view or_key = {});
    void wrong_type(std::string_view key, const toml::node& node, std::string_view wanted,
                    std::string_view example);

    /// Notes the keys that nobody asked for, and forgets the missing ones that they were meant to be.
    void finish();

  private:
    [[nodiscard]] std::string in_table() const { return what_.empty() ? "" : " in [" + what_ + "]"; }

    struct Missing {
        std::string_view key;
        std::string_view or_key;
        std::string example;
    };

    const toml::table& table_;
    std::string what_;
    Config_log& log_;
    std::vector<std::string_view> known_;
    std::vector<Missing> missing_;
};

} // namespace xvm::plan
