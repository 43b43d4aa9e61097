// SPDX-License-Identifier: Apache-2.0
// The host's own rules, in Lua: a script that may refuse requests, and say how large a guest is made
// (docs/service.md).
//
// Invariant: a script has memory_bytes and time_max, and no way to files, programs or the clock; it keeps
// nothing from one request to the next. One that fails refuses the request. Nobody believes it more than the
// service: what it makes of a guest is held against the broker's policy.
#pragma once

#include "toolstack/decide/decide.hpp"

#include <chrono>

namespace xvm::service {

class Hooks {
  public:
    static constexpr std::size_t script_bytes = 64 * 1024;
    static constexpr std::size_t memory_bytes = 512 * 1024;
    static constexpr std::chrono::milliseconds time_max{500};

    /// No script: everything goes on as it is.
    Hooks() = default;
    explicit Hooks(std::string script) : script_(std::move(script)) {}
    /// That of a file; one that is not there is none. usage: too long; others: it cannot be read.
    [[nodiscard]] static Result<Hooks> read(const std::string& path);

    /// The decision, if the script lets the request pass; of a guest that is made, as the script says.
    [[nodiscard]] decide::Decision decide(const decide::Question& question, decide::Shelf& shelf) const;

  private:
    std::string script_;
};

} // namespace xvm::service
