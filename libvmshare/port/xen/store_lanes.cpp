// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/store_lanes.hpp"

#include <algorithm>

namespace xvm::port::xen {

Store_lanes& Store_lanes::shared() {
    static Store_lanes one;
    return one;
}

/// Which lane each item goes over: that of its key; a new key goes where the least is.
std::vector<std::size_t> Store_lanes::lanes_of(std::span<const Item> items) {
    std::vector<std::size_t> chosen;
    std::array<std::size_t, lanes> load{};
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto same = std::find_if(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(i),
                                       [&](const Item& other) { return other.key == items[i].key; });
        const auto first = static_cast<std::size_t>(same - items.begin());
        const std::size_t lane =
            items.size() < worth_it ? 0
            : first < i             ? chosen[first]
                        : static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
        ++load[lane];
        chosen.push_back(lane);
    }
    return chosen;
}

/// At most in_flight_max items.
Status Store_lanes::ask_stage(std::span<const Item> items, std::vector<Store_answer>& answers) {
    const auto chosen = lanes_of(items);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        std::vector<const Store_request*> mine;
        for (std::size_t i = 0; i < items.size(); ++i)
            if (chosen[i] == lane) mine.push_back(&items[i].request);
        if (!mine.empty()) XVM_TRY(pipes_[lane].send(mine));
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        XVM_TRY_LET(Store_answer answer, pipes_[chosen[i]].collect(items[i].request.type));
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
