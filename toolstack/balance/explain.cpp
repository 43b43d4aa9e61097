// SPDX-License-Identifier: Apache-2.0
#include "toolstack/balance/explain.hpp"

#include "toolstack/balance/usage.hpp"

#include <algorithm>
#include <array>

namespace xvm::balance {
namespace {

/// Rounded to whole mebibytes, as people count memory.
std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1 << 19)) >> 20) + " MiB";
}

std::string quoted(const Guest_view& guest) {
    return "'" + (guest.name.empty() ? guest.uuid.text() : guest.name) + "'";
}

std::string line_of_free(const World& world) {
    std::string line = "free: " + mebibytes(world.free_bytes);
    if (world.host_reserve_bytes > 0)
        line += ", of which " + mebibytes(world.host_reserve_bytes) + " stay free";
    if (world.promised_bytes > 0)
        line += ", and " + mebibytes(world.promised_bytes) + " are promised to others";
    return line + ": " + mebibytes(available_bytes(world)) + " are available";
}

std::string line_of_take(const Guest_view& guest, const Take& take) {
    std::string line =
        quoted(guest) + " gives " + mebibytes(take.bytes) + " of " + mebibytes(guest.memory_bytes);
    if (take.idle && guest.report) line += ", which it does not use";
    return line + "; it keeps " + mebibytes(take.leave_bytes);
}

std::string line_of_other(const Guest_view& guest) {
    std::string line = quoted(guest) + " has " + mebibytes(guest.memory_bytes);
    if (guest.movable != Movable::yes)
        return line + " and gives nothing: " + std::string(words_of(guest.movable));
    const std::uint64_t most = reclaimable_bytes(guest);
    if (most == 0) return line + " and gives nothing: its minimum is " + mebibytes(guest.min_bytes);
    return line + " and can give " + mebibytes(most) + ": its minimum is " + mebibytes(guest.min_bytes);
}

} // namespace

std::string_view name_of(Fits fits) noexcept {
    constexpr std::array<std::string_view, 3> names{"now", "reclaim", "no"};
    return names.at(static_cast<std::size_t>(fits));
}

Explanation explain(const World& world, std::uint64_t wanted_bytes) {
    Explanation all;
    all.wanted_bytes = wanted_bytes;
    all.available_bytes = available_bytes(world);
    all.lacking_bytes = lacking_bytes(world, wanted_bytes);
    all.reclaimable_bytes = reclaimable_bytes(world);
    const std::string wanted = mebibytes(wanted_bytes);
    if (auto takes = reclaim(world, all.lacking_bytes)) {
        all.takes = std::move(*takes);
        all.fits = all.lacking_bytes == 0 ? Fits::now : Fits::reclaim;
    } else {
        all.fits = Fits::no;
    }
    switch (all.fits) {
    case Fits::now:
        all.lines.push_back(wanted + " can be had now");
        break;
    case Fits::reclaim:
        all.lines.push_back(wanted + " can be had with 'xvm create --reclaim': " +
                            mebibytes(all.lacking_bytes) + " come from running guests");
        break;
    case Fits::no:
        all.lines.push_back(wanted + " cannot be had: " + mebibytes(all.lacking_bytes) +
                            " are lacking, and guests can give " + mebibytes(all.reclaimable_bytes));
        break;
    }
    all.lines.push_back(line_of_free(world));
    for (const Guest_view& guest : world.guests) {
        const auto take = std::find_if(all.takes.begin(), all.takes.end(),
                                       [&](const Take& one) { return one.uuid == guest.uuid; });
        all.lines.push_back(take != all.takes.end() ? line_of_take(guest, *take) : line_of_other(guest));
    }
    return all;
}

} // namespace xvm::balance
