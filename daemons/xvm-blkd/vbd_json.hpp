// SPDX-License-Identifier: Apache-2.0
// What one disk has done, as the API tells it (docs/protocols/block.md, "Statistics").
#pragma once

#include "daemons/xvm-blkd/vbd.hpp"

#include <boost/json/value.hpp>

namespace xvm::blkd {

[[nodiscard]] boost::json::value to_json(Vbd_id id, const Vbd::Report& report);

} // namespace xvm::blkd
