// SPDX-License-Identifier: Apache-2.0
// An xl.cfg through the import, for its tests.
#pragma once

#include "toolstack/import/convert.hpp"
#include "toolstack/plan/config.hpp"

#include <catch2/catch.hpp>

namespace xvm::import::test {

inline Imported imported(const std::string& text, const std::string& name = {}) {
    const auto file = Xl_file::read(text, "/etc/xen/web.cfg");
    INFO(text);
    INFO((file ? std::string{} : file.error().line()));
    REQUIRE(file);
    return convert(*file, {name});
}

/// The lines of all notes, errors first.
inline std::vector<std::string> said(const Imported& result) {
    std::vector<std::string> lines;
    for (const Note& note : result.notes)
        lines.push_back((note.is_error ? "error " : "warning ") + note.what.line());
    return lines;
}

/// What xvm makes of the TOML; the test fails when it refuses it.
inline plan::Guest_config read_back(const Imported& result) {
    const auto guest = plan::parse_config({result.toml, "/etc/xvm/web.toml", {}});
    INFO(result.toml);
    INFO((guest ? std::string{} : guest.error().front().line()));
    REQUIRE(guest);
    return *guest;
}

} // namespace xvm::import::test
