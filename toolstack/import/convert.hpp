// SPDX-License-Identifier: Apache-2.0
// From an xl.cfg to an xvm.toml.
//
// Invariant: every assignment of the xl.cfg is carried, or is in the notes, or is a comment in the TOML that
// says why nothing was to be carried. A TOML without errors among the notes passes `xvm validate`.
#pragma once

#include "libvmshare/base/result.hpp"
#include "toolstack/import/xl_file.hpp"

#include <string>
#include <vector>

namespace xvm::import {

struct Note {
    bool is_error = false; ///< else a warning: the guest runs without it
    Error what;
};

struct Imported {
    std::string toml;
    std::vector<Note> notes; ///< by line and column
    [[nodiscard]] bool has_errors() const noexcept {
        for (const Note& note : notes)
            if (note.is_error) return true;
        return false;
    }
};

struct Choices {
    std::string name; ///< instead of the file's; empty: the file's
};

[[nodiscard]] Imported convert(const Xl_file& file, const Choices& choices);

} // namespace xvm::import
