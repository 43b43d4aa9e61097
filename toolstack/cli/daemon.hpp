// SPDX-License-Identifier: Apache-2.0
// The daemon as the verbs see it: a call, and JSON back.
#pragma once

#include "toolstack/api/http_client.hpp"
#include "toolstack/api/target.hpp"
#include "toolstack/command/program.hpp"

#include <boost/json/object.hpp>
#include <string_view>

namespace xvm::cli {

inline constexpr const char* default_socket = "/run/xvm/xvmd.sock";

/// Asks xvmd at the request's --socket.
[[nodiscard]] tl::expected<boost::json::value, api::Failure> ask(const command::Request& request,
                                                                 const api::Call& call);

// What an answer holds under a key; a daemon of another version may leave things out, which reads as
// empty and 0.
[[nodiscard]] std::string text_at(const boost::json::value& value, std::string_view key);
[[nodiscard]] std::uint64_t number_at(const boost::json::value& value, std::string_view key);
[[nodiscard]] const boost::json::array& list_at(const boost::json::value& value, std::string_view key);
[[nodiscard]] bool is_true_at(const boost::json::value& value, std::string_view key);

} // namespace xvm::cli

/// `XVM_ASK(auto x, ask(…));` declares x, or leaves the verb with the failure.
#define XVM_ASK(decl, expr)                                                                                  \
    auto XVM_TRY_JOIN(xvm_ask_, __LINE__) = (expr);                                                          \
    if (!XVM_TRY_JOIN(xvm_ask_, __LINE__))                                                                   \
        return tl::unexpected<::xvm::api::Failure>(std::move(XVM_TRY_JOIN(xvm_ask_, __LINE__).error()));     \
    decl = std::move(*XVM_TRY_JOIN(xvm_ask_, __LINE__))
