// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/names.hpp"

#include "libvmshare/base/ids.hpp"

namespace xvm::plan {
namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::uint32_t first_devid = 202u << 8;
constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

} // namespace

std::optional<std::string> domain_name_fault(std::string_view name) {
    const std::string first = std::string(letters) + std::string(digits);
    if (name.empty()) return "is empty";
    if (name.size() > name_bytes_max) return "is longer than 64 characters";
    if (name.find_first_not_of(first + "._-") != std::string_view::npos)
        return "may hold letters, digits, '.', '_' and '-' only";
    if (first.find(name.front()) == std::string::npos) return "must start with a letter or a digit";
    if (name.find_first_not_of(digits) == std::string_view::npos)
        return "is all digits, which would be taken for a domain number";
    if (Uuid::parse(name)) return "has the form of a uuid";
    if (name == "Domain-0") return "belongs to the control domain";
    return std::nullopt;
}

std::optional<std::uint32_t> disk_devid(std::string_view dev) noexcept {
    if (dev.size() != 4 || !dev.starts_with("xvd") || dev[3] < 'a' || dev[3] > 'p') return std::nullopt;
    return first_devid + 16 * static_cast<std::uint32_t>(dev[3] - 'a');
}

} // namespace xvm::plan
