// SPDX-License-Identifier: Apache-2.0
// Which guest may ask for what: the rules of a file, and what a guest can ask for at all.
//
// Invariant: what no rule allows is refused. A rule names who asks, which verbs, and about whom.
#pragma once

#include "libvmshare/base/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::guestd {

/// A verb that guests can be allowed, and where xvmd has it: "METHOD /v1/NOUN/target[/TAIL]".
struct Guest_verb {
    std::string_view name;
    std::string_view method;
    std::string_view noun;
    std::string_view tail;
};
[[nodiscard]] std::span<const Guest_verb> guest_verbs() noexcept;
/// Null: there is none of that name.
[[nodiscard]] const Guest_verb* find_verb(std::string_view name) noexcept;

struct Request {
    std::string verb;
    std::string target; ///< a guest's name, or a stored configuration's
    bool operator==(const Request&) const = default;
};
/// Of "xvm.guest_request/1". usage: it is none, or longer than request_bytes.
[[nodiscard]] Result<Request> parse_request(std::string_view text);
inline constexpr std::size_t request_bytes = 1024;

class Rules {
  public:
    struct Rule {
        std::string guest;
        std::vector<std::string> verbs;
        std::vector<std::string> targets; ///< names; "@self": who asks; "*": anybody
    };

    /// `text` is TOML, a list of [[allow]]; `source` is for messages. usage: what is wrong with it.
    [[nodiscard]] static Result<Rules> parse(std::string_view text, const std::string& source);

    /// denied: `asker` may not.
    [[nodiscard]] Status check(std::string_view asker, const Request& request) const;

  private:
    std::vector<Rule> rules_;
};

} // namespace xvm::guestd
