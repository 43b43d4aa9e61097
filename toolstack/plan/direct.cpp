// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/direct.hpp"

namespace xvm::plan {

std::string_view name_of(Direct_phase phase) noexcept {
    switch (phase) {
    case Direct_phase::host:
        return "host";
    case Direct_phase::held:
        return "held";
    case Direct_phase::assigned:
        return "assigned";
    case Direct_phase::stopped:
        return "stopped";
    case Direct_phase::cut:
        return "cut";
    case Direct_phase::flipped:
        return "flipped";
    case Direct_phase::given:
        return "given";
    case Direct_phase::taken:
        return "taken";
    }
    return "unknown";
}

bool may_follow(Direct_phase before, Direct_phase after, bool fresh) noexcept {
    using enum Direct_phase;
    // What is repeated, after xvmd was killed, is no step.
    if (before == after) return true;
    switch (after) {
    case stopped:
        return before == assigned;
    case cut:
        return before == stopped;
    case flipped:
        return before == cut;
    case given:
        return fresh ? before == host || before == held || before == cut : before == flipped;
    case taken:
        return before == given;
    case assigned:
        return before == taken;
    // From anywhere: where all else ends that goes wrong.
    case host:
    case held:
        return true;
    }
    return false;
}

} // namespace xvm::plan
