// SPDX-License-Identifier: Apache-2.0
// What the parts of a conversion share: the file, the text that grows, and what is to be said about it.
// Internal to the import.
#pragma once

#include "toolstack/import/convert.hpp"
#include "toolstack/import/toml_text.hpp"

#include <algorithm>
#include <filesystem>

namespace xvm::import {

struct Conversion {
    const Xl_file& file;
    Toml_text toml;
    std::vector<Note> notes;

    void refuse(std::string place, std::string cause, std::string remedy) {
        notes.push_back({true, {Fault::usage, std::move(place), std::move(cause), std::move(remedy)}});
    }
    void warn(std::string place, std::string cause, std::string remedy) {
        notes.push_back({false, {Fault::usage, std::move(place), std::move(cause), std::move(remedy)}});
    }
    /// Where `key` stands, or the file.
    [[nodiscard]] std::string place(std::string_view key) const {
        const Setting* setting = file.find(key);
        return setting != nullptr ? file.place(*setting) : file.source();
    }
    /// xl takes a path from where it is run, which the file does not say: from its own directory, then.
    [[nodiscard]] std::string absolute(const std::string& path) const {
        const auto directory = std::filesystem::path(file.source()).parent_path();
        return (directory / path).lexically_normal().string();
    }
};

void convert_disks(Conversion& work);
void convert_nets(Conversion& work);

} // namespace xvm::import
