// SPDX-License-Identifier: Apache-2.0
// Single requests of a disk, as the API tells them (docs/protocols/block.md, "Single requests").
#pragma once

#include "backends/block/trace.hpp"

#include <boost/json/value.hpp>

namespace xvm::blkd {

[[nodiscard]] boost::json::value to_json(const block::Trace::Part& part);

} // namespace xvm::blkd
