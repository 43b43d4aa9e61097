// SPDX-License-Identifier: Apache-2.0
// How long a disk's requests took, phase by phase, as a histogram for people.
//
// Invariant: whatever the backend tells, the text is of bounded size; each row is one of its buckets.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace xvm::cli {

/// Of an "xvm.disk_counts/1"; empty: no request of it was timed.
[[nodiscard]] std::string histogram_of(const boost::json::value& disk);

} // namespace xvm::cli
