// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/ops.hpp"

#include <array>

namespace xvm::run {
namespace {

tl::unexpected<Error> no_such_op(const plan::Step& step) {
    return fail(Fault::usage, "step " + step.name, "there is no operation '" + step.op + "'",
                "the plan was made for another version of xvmd");
}

} // namespace

const Op* find_op(std::string_view name) noexcept {
    for (const std::span<const Op> family :
         {create_ops(), life_ops(), disk_ops(), blkback_ops(), net_ops(), device_ops(), save_ops(),
          restore_ops(), wish_ops(), memory_ops(), direct_ops(), handover_ops()})
        for (const Op& op : family)
            if (op.name == name) return &op;
    return nullptr;
}

Status Ops_executor::apply(const plan::Step& step) {
    const Op* op = find_op(step.op);
    if (op == nullptr) return no_such_op(step);
    Status done = op->apply(work_, step.args);
    if (done) return done;
    // A user knows the guest by its name, not by a number that is about to be gone.
    std::string& named = done.error().object;
    if (const auto domid = work_.known_domid(); domid && named == "domain " + std::to_string(number(*domid)))
        named = work_.object();
    return done;
}

Status Ops_executor::undo(const plan::Step& step) {
    const Op* op = find_op(step.op);
    if (op == nullptr) return no_such_op(step);
    return op->undo != nullptr ? op->undo(work_, step.args) : Status{};
}

} // namespace xvm::run
