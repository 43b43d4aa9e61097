// SPDX-License-Identifier: Apache-2.0
// From two counts of how long requests took to how long they took in between.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>

namespace xvm::cli {

/// Requests by time: the bucket's upper end (a power of two, in ns) → how many took less, and at least half
/// of it.
using Time_counts = std::map<std::uint64_t, std::uint64_t>;

/// Of a histogram as xvm-blkd tells it: {"buckets": [{"below_ns", "count"}]}.
[[nodiscard]] Time_counts time_counts(const boost::json::value* histogram);

/// What came after `before`. A count that fell began anew: then all of `now`.
[[nodiscard]] Time_counts since(const Time_counts& now, const Time_counts& before);

/// The time within which that part of them (0 … 1) was done; nothing if there is none. Within a bucket they
/// are taken to be spread evenly, so it is right to a factor of two.
[[nodiscard]] std::optional<std::uint64_t> quantile_ns(const Time_counts& counts, double part);

/// Gives a domain of "xvm.top/1" and each of its disks their times since `before`, the same domain earlier
/// (null: there was none), `seconds` ago.
void add_disk_times(boost::json::object& domain, const boost::json::value* before, double seconds);

} // namespace xvm::cli
