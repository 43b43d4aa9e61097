// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/daemon.hpp"

#include <boost/json/array.hpp>

namespace xvm::cli {
namespace json = boost::json;
namespace {

const json::value* member(const json::value& value, std::string_view key) {
    const json::object* object = value.if_object();
    return object != nullptr ? object->if_contains(key) : nullptr;
}

} // namespace

tl::expected<json::value, api::Failure> ask(const command::Request& request, const api::Call& call) {
    return api::Http_client(request.text("socket"), "xvmd").call(call);
}

std::string text_at(const json::value& value, std::string_view key) {
    const json::value* found = member(value, key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string{};
}

std::uint64_t number_at(const json::value& value, std::string_view key) {
    const json::value* found = member(value, key);
    if (found == nullptr || !found->is_number()) return 0;
    json::error_code not_whole;
    const auto number = found->to_number<std::uint64_t>(not_whole);
    return not_whole ? 0 : number;
}

const json::array& list_at(const json::value& value, std::string_view key) {
    static const json::array none;
    const json::value* found = member(value, key);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

bool is_true_at(const json::value& value, std::string_view key) {
    const json::value* found = member(value, key);
    return found != nullptr && found->is_bool() && found->get_bool();
}

} // namespace xvm::cli
