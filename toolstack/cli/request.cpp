// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/request.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/base/number.hpp"
#include "toolstack/api/target.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <filesystem>
#include <unistd.h>

namespace xvm::cli {
namespace json = boost::json;
namespace {

using model::Parameter;
using model::Type;
using model::Where;

constexpr std::size_t config_bytes_max = 1024 * 1024;

/// What is sent for a parameter: paths are made absolute, since xvmd stands elsewhere.
std::string sent(const Parameter& parameter, const std::string& value) {
    return parameter.type == Type::file ? absolute_path(value) : value;
}

json::value body_value(const Parameter& parameter, const std::string& value) {
    switch (parameter.type) {
    case Type::integer:
        return parse_number<std::uint32_t>(value).value_or(0);
    case Type::boolean:
        return value == "1";
    case Type::list: {
        json::array list;
        for (std::size_t at = 0; at <= value.size();) {
            const std::size_t comma = std::min(value.find(',', at), value.size());
            list.emplace_back(value.substr(at, comma - at));
            at = comma + 1;
        }
        return list;
    }
    default:
        return json::string(sent(parameter, value));
    }
}

/// The verb's parameter of which the whole body is made, or nullptr.
const Parameter* whole_of(const model::Verb& verb) {
    for (const Parameter& one : verb.parameters)
        if (one.where == Where::whole) return &one;
    return nullptr;
}

/// The segments of the route, with what was given for each {name}.
Result<std::vector<std::string>> segments_of(const Arguments& arguments) {
    std::vector<std::string> segments;
    const std::string_view route = arguments.verb().route;
    for (std::size_t at = 1; at <= route.size();) {
        const std::size_t slash = std::min(route.find('/', at), route.size());
        std::string_view segment = route.substr(at, slash - at);
        if (segment.starts_with('{')) {
            const std::string_view name = segment.substr(1, segment.size() - 2);
            const std::string* value = arguments.given(name);
            if (value == nullptr || value->empty())
                return usage_error(arguments.verb(), "'" + std::string(name) + "' is missing");
            segments.push_back(*value);
        } else {
            segments.emplace_back(segment);
        }
        at = slash + 1;
    }
    return segments;
}

} // namespace

std::string absolute_path(const std::string& path) {
    if (path == "-") return path;
    std::error_code error;
    return std::filesystem::absolute(path, error).lexically_normal().string();
}

Result<std::string> read_config(const std::string& path) {
    if (path != "-") return read_text(path, config_bytes_max);
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::read(STDIN_FILENO, piece.data(), piece.size())) != 0;) {
        if (got < 0 && errno != EINTR) return fail_errno(errno, "standard input", "cannot read");
        if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > config_bytes_max)
            return fail(Fault::usage, "standard input",
                        "is no guest's configuration: it is larger than 1 MiB",
                        "send the file that was meant");
    }
    return text;
}

Result<api::Call> call_of(const Arguments& arguments) {
    const model::Verb& verb = arguments.verb();
    api::Call call{std::string(verb.method), {}, {}, {}};
    std::vector<std::pair<std::string_view, std::string>> query;
    json::object body;
    bool has_body = false;
    for (const Parameter& one : verb.parameters) {
        has_body = has_body || one.where == Where::body;
        const std::string* value = arguments.given(one.name);
        if (value == nullptr) continue;
        if (one.where == Where::query) query.emplace_back(one.name, sent(one, *value));
        if (one.where == Where::body) body[one.name] = body_value(one, *value);
    }
    if (has_body) {
        call.body = json::serialize(body);
        call.content_type = "application/json";
    }
    if (const Parameter* whole = whole_of(verb)) {
        const std::string path = arguments.text(whole->name);
        XVM_TRY_LET(call.body, read_config(path));
        call.content_type = "application/toml";
        // Relative paths in the file start where it stands.
        query.emplace_back("source", absolute_path(path == "-" ? "stdin" : path));
    }
    XVM_TRY_LET(const std::vector<std::string> segments, segments_of(arguments));
    call.target = api::target(std::vector<std::string_view>(segments.begin(), segments.end()),
                              std::vector<api::Query_pair>(query.begin(), query.end()));
    return call;
}

} // namespace xvm::cli
