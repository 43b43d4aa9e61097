// SPDX-License-Identifier: Apache-2.0
// From xvmd's answer "xvm.memory/1" to the world that the policy decides about, and from a decision to the
// request for it.
//
// Invariant: xvmd is believed, but an answer that is not whole is an Error, never half a world.
#pragma once

#include "toolstack/api/http_client.hpp"
#include "toolstack/balance/decide.hpp"

#include <boost/json/value.hpp>

namespace xvm::memd {

/// failed: it is none.
[[nodiscard]] Result<balance::World> parse_world(const boost::json::value& answer);

/// How long a move of so much may take: two seconds, and what it takes at 32 MiB a second.
[[nodiscard]] balance::Millis limit_of(const balance::Move& move) noexcept;

/// POST /v1/memory/moves: what has moved when its time is over stays moved.
[[nodiscard]] api::Call call_of(const balance::Move& move);

/// For the log: "64 MiB from 'a' to 'b': it waits for memory".
[[nodiscard]] std::string line_of(const balance::World& world, const balance::Move& move);

} // namespace xvm::memd
