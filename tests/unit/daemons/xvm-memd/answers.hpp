// SPDX-License-Identifier: Apache-2.0
// What xvmd answers, for the tests of xvm-memd.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

namespace xvm::memd::test {

inline constexpr std::uint64_t mib = 1ULL << 20;
inline const std::string uuid_a = "00000000-0000-0000-0000-00000000000a";
inline const std::string uuid_b = "00000000-0000-0000-0000-00000000000b";

inline boost::json::object domain(const std::string& uuid, std::uint64_t memory_mib) {
    return {{"uuid", uuid},
            {"name", "guest-" + uuid.substr(35)},
            {"memory_bytes", memory_mib * mib},
            {"target_bytes", memory_mib * mib},
            {"memory_min_bytes", 64 * mib},
            {"memory_max_bytes", 1024 * mib},
            {"memory_home_bytes", 256 * mib},
            {"memory_weight", 200},
            {"movable", "yes"},
            {"step_bytes", mib}};
}

inline boost::json::object saying(boost::json::object domain, std::uint64_t available_mib,
                                  unsigned some = 0) {
    const auto memory = domain.at("memory_bytes").to_number<std::uint64_t>();
    domain["report_seq"] = 1;
    domain["report_total_bytes"] = memory;
    domain["report_available_bytes"] = available_mib * mib;
    domain["report_working_set_bytes"] = memory - available_mib * mib;
    domain["report_some_centipercent"] = some;
    domain["report_full_centipercent"] = 0;
    return domain;
}

inline boost::json::value memory(boost::json::array domains, std::uint64_t free_mib = 0) {
    return boost::json::object{{"schema", "xvm.memory/1"},     {"total_bytes", 2048 * mib},
                               {"free_bytes", free_mib * mib}, {"host_reserve_bytes", 0},
                               {"promised_bytes", 0},          {"domains", std::move(domains)}};
}

} // namespace xvm::memd::test
