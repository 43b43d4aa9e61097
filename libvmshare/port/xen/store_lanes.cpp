// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/store_lanes.hpp"

#include <algorithm>

namespace xvm::port::xen {

Store_lanes& Store_lanes::shared() {
    static Store_lanes one;
    return one;
}

/// At most in_flight_max items.
Status Store_lanes::ask_stage(std::span<const Item> items, std::vector<Store_answer>& answers) {
    const auto lane_of = [&](const Item& item) { return items.size() < worth_it ? 0 : item.key % lanes; };
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        std::vector<const Store_request*> mine;
        for (const Item& item : items)
            if (lane_of(item) == lane) mine.push_back(&item.request);
        if (!mine.empty()) XVM_TRY(pipes_[lane].send(mine));
    }
    for (const Item& item : items) {
        XVM_TRY_LET(Store_answer answer, pipes_[lane_of(item)].collect(item.request.type));
        answers.push_back(std::move(answer));
    }
    return {};
}

Result<std::vector<Store_answer>> Store_lanes::ask(std::span<const Item> items) {
    const std::lock_guard lock(mutex_);
    std::vector<Store_answer> answers;
    answers.reserve(items.size());
    while (answers.size() < items.size()) {
        const auto left = items.subspan(answers.size());
        const auto next =
            std::find_if(left.begin() + 1, left.end(), [](const Item& item) { return item.next_stage; });
        const auto stage =
            left.first(std::min(static_cast<std::size_t>(next - left.begin()), Store_pipe::in_flight_max));
        if (Status asked = ask_stage(stage, answers); !asked) {
            for (Store_pipe& pipe : pipes_)
                pipe.reset();
            return tl::unexpected<Error>(std::move(asked.error()));
        }
    }
    return answers;
}

} // namespace xvm::port::xen
