// SPDX-License-Identifier: Apache-2.0
// An image to a file in a directory.
// Invariant: nothing is written outside that directory, and a file under the image's name is complete
// and has the right SHA-256 (spec P-10).
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/pack/new_file.hpp"
#include "libvmshare/pack/reader.hpp"

#include <string>

namespace xvm::pack {

/// Into the directory open as `directory`, which messages call `shown`. Holes stay holes.
[[nodiscard]] Status extract(const Reader& pack, const Image& image, int directory, const std::string& shown,
                             Existing existing, const Progress& progress);

} // namespace xvm::pack
