// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/usage_rates.hpp"

#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/disk_times.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace xvm::cli {
namespace json = boost::json;
namespace {

std::uint64_t number_at(const json::value& object, std::string_view key) {
    const json::value* found = member(object, key);
    if (found == nullptr || !found->is_number()) return 0;
    json::error_code error;
    const auto number = found->to_number<std::uint64_t>(error);
    return error ? 0 : number;
}

const json::array& domains_of(const json::value& answer) {
    static const json::array none;
    const json::value* domains = member(answer, "domains");
    return domains != nullptr && domains->is_array() ? domains->get_array() : none;
}

} // namespace

void add_rates(json::value& now, const json::value& before) {
    if (domains_of(now).empty()) return;
    const std::uint64_t since = number_at(before, "time_ns");
    const std::uint64_t until = number_at(now, "time_ns");
    if (until <= since) return;
    for (json::value& domain : now.get_object()["domains"].get_array()) {
        const auto& earlier = domains_of(before);
        const auto same = std::find_if(earlier.begin(), earlier.end(), [&](const json::value& one) {
            return number_at(one, "domid") == number_at(domain, "domid");
        });
        if (same == earlier.end() || !domain.is_object()) continue;
        const std::uint64_t used_before = number_at(*same, "cpu_time_ns");
        const std::uint64_t used = number_at(domain, "cpu_time_ns");
        // A number that was given to another domain meanwhile counts from its beginning.
        const std::uint64_t used_since = used >= used_before ? used - used_before : used;
        domain.get_object()["cpu_permille"] = used_since * 1000 / (until - since);
        add_disk_times(domain.get_object(), &*same, static_cast<double>(until - since) / 1e9);
    }
}

void sort_domains(json::value& answer, std::string_view field) {
    if (domains_of(answer).empty()) return;
    auto& domains = answer.get_object()["domains"].get_array();
    std::stable_sort(domains.begin(), domains.end(), [&](const json::value& a, const json::value& b) {
        const json::value* left = member(a, field);
        const json::value* right = member(b, field);
        if (left == nullptr || right == nullptr) return left != nullptr;
        if (left->is_number() && right->is_number()) return number_at(a, field) > number_at(b, field);
        return plain(left) < plain(right);
    });
}

} // namespace xvm::cli
