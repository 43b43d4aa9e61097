// SPDX-License-Identifier: Apache-2.0
// A guest's request from its bytes to the bytes of its answer.
//
// Invariant: xvmd is asked to do only what the rules allow the guest, by the name it has at that moment. An
// answer tells a guest nothing of the host: of a guest its name, state, type, processors and memory; of a
// failure what kind it was.
#pragma once

#include "daemons/xvm-guestd/rules.hpp"
#include "libvmshare/base/ids.hpp"
#include "toolstack/api/error_json.hpp"

#include <functional>

namespace xvm::guestd {

/// How xvmd is asked; both may block, and are called on any thread.
struct Ways {
    /// The name of a guest of xvm's.
    std::function<Result<std::string>(Domid)> name_of;
    std::function<tl::expected<boost::json::value, api::Failure>(const Guest_verb&,
                                                                 const std::string& target)>
        call;
};

/// "xvm.guest_answer/1"
[[nodiscard]] std::string answer_to(const Ways& ways, const Rules& rules, Domid asker,
                                    std::string_view payload);
[[nodiscard]] std::string refusal(const Error& error);

} // namespace xvm::guestd
