// SPDX-License-Identifier: Apache-2.0
// From two counts of what domains have used to how much they use.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

namespace xvm::cli {

/// Gives each domain of `now` ("xvm.top/1") its "cpu_permille" since `before`: of one processor, so that two
/// busy ones are 2000, and its disks their times (disk_times.hpp). A domain that was not there before has
/// none.
void add_rates(boost::json::value& now, const boost::json::value& before);

/// The domains by that field: numbers from the greatest, texts by the alphabet; those without it last.
void sort_domains(boost::json::value& answer, std::string_view field);

} // namespace xvm::cli
