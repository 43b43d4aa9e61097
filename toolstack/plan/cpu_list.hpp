// SPDX-License-Identifier: Apache-2.0
// Sets of physical processors as people write them: "0-3,6", "all".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::plan {

/// Rising, each once; "all" is the empty list. Nothing: it is no such text, or names a number of 4096 or
/// more.
[[nodiscard]] std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

/// The other way. `cpus` is sorted; "all" if it has all `host_cpus`, or none.
[[nodiscard]] std::string cpu_list_text(const std::vector<unsigned>& cpus, unsigned host_cpus);

} // namespace xvm::plan
