// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/arguments.hpp"

#include "libvmshare/base/number.hpp"
#include "libvmshare/base/suggest.hpp"
#include "toolstack/plan/size.hpp"

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>

namespace xvm::cli {
namespace {

namespace po = boost::program_options;
using model::Parameter;
using model::Type;

/// A switch that is on unless it is turned off.
bool is_negated(const Parameter& parameter) {
    return parameter.type == Type::boolean && parameter.initial == "1";
}

/// All that may be given as options: the verb's, then the common ones.
std::vector<const Parameter*> options_of(const model::Verb& verb) {
    std::vector<const Parameter*> found;
    for (const Parameter& one : verb.parameters)
        if (!one.positional && !one.hidden) found.push_back(&one);
    for (const Parameter& one : model::common_options())
        found.push_back(&one);
    return found;
}

po::options_description described(const std::vector<const Parameter*>& options) {
    po::options_description description;
    for (const Parameter* one : options) {
        std::string name = option_name(*one).substr(2);
        if (one->letter != 0) name.append(",").push_back(one->letter);
        if (one->type == Type::boolean)
            description.add_options()(name.c_str(), "");
        else
            description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
    return description;
}

std::string did_you_mean(std::string_view name) {
    return "did you mean '" + std::string(name) + "'?";
}

tl::unexpected<Error> unknown_option(const model::Verb& verb, const std::vector<const Parameter*>& options,
                                     const std::string& given) {
    std::vector<std::string> names;
    for (const Parameter* one : options)
        names.push_back(option_name(*one));
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = nearest(given, known);
    const std::string words(verb.words);
    if (given.size() > 1 && given[0] == '-' && given[1] >= '0' && given[1] <= '9')
        return fail(Fault::usage, words, "'" + given + "' is below zero",
                    "leave the '-' out; usage: " + usage_line(verb));
    return fail(Fault::usage, words, "unknown option '" + given + "'",
                near ? did_you_mean(*near) : "'xvm " + words + " --help' lists the options");
}

/// "table, json, jsonl and csv"
std::string listed(std::span<const std::string_view> names, std::string_view last_joint) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += i + 1 == names.size() ? last_joint : ", ";
        text += names[i];
    }
    return text;
}

/// What to give instead, if the text cannot be the parameter's value. Names are left to xvmd, which knows
/// what they are for.
std::optional<std::string> better_value(const Parameter& parameter, const std::string& value) {
    if (!parameter.choices.empty()) {
        if (std::find(parameter.choices.begin(), parameter.choices.end(), value) != parameter.choices.end())
            return std::nullopt;
        const auto near = nearest(value, parameter.choices);
        return near ? did_you_mean(*near) : "choose " + listed(parameter.choices, " or ");
    }
    if (parameter.type == Type::integer && !parse_number<std::uint32_t>(value)) return "give a whole number";
    if (parameter.type == Type::size && !plan::parse_size(value))
        return "give a whole number and KiB, MiB, GiB or TiB, such as 256MiB";
    if (parameter.type == Type::duration && !plan::parse_duration(value))
        return "give a whole number and ms, s, m or h, such as 30s";
    if ((parameter.required || parameter.name == "socket") && value.empty()) return "give its name";
    return std::nullopt;
}

Status check_value(const model::Verb& verb, const Parameter& parameter, const std::string& value) {
    const auto better = better_value(parameter, value);
    if (!better) return {};
    const std::string words(verb.words);
    if (parameter.name == "output")
        return fail(Fault::usage, words, "unknown output format '" + value + "'",
                    "formats are " + listed(parameter.choices, " and "));
    const std::string what =
        parameter.positional ? std::string(parameter.placeholder) : option_name(parameter);
    return fail(Fault::usage, words, what + " cannot be '" + value + "'", *better);
}

Status take_positionals(Arguments& into, const std::vector<std::string>& words) {
    const model::Verb& verb = into.verb();
    std::size_t taken = 0;
    for (const Parameter& one : verb.parameters) {
        if (!one.positional) continue;
        if (taken < words.size())
            into.give(one.name, words[taken++]);
        else if (one.required)
            return usage_error(verb, "'" + std::string(one.placeholder) + "' is missing");
    }
    if (taken == words.size()) return {};
    const std::string count = taken == 0   ? "no argument"
                              : taken == 1 ? "1 argument"
                                           : std::to_string(taken) + " arguments";
    return usage_error(verb, "takes " + count + ", not '" + words[taken] + "' too");
}

/// Options without which the verb cannot be: those that are sent, but for what stands in the path.
bool is_needed(const Parameter& parameter) {
    return parameter.required && !parameter.positional && parameter.where != model::Where::path;
}

Status check_needed(const Arguments& arguments) {
    for (const Parameter& one : arguments.verb().parameters)
        if (is_needed(one) && arguments.given(one.name) == nullptr)
            return usage_error(arguments.verb(), option_name(one) + " is missing");
    return {};
}

Result<Format> format_of(const Arguments& arguments) {
    const std::string name = arguments.text("output");
    const Format format = name == "json"    ? Format::json
                          : name == "jsonl" ? Format::jsonl
                          : name == "csv"   ? Format::csv
                                            : Format::table;
    for (const std::string_view option : {"columns", "no_header"})
        if ((format == Format::json || format == Format::jsonl) && arguments.given(option) != nullptr)
            return fail(Fault::usage, std::string(arguments.verb().words),
                        (option == "columns" ? "--columns" : "--no-header") + std::string(" and -o ") + name +
                            " exclude each other",
                        "use -o csv, or leave it out");
    return format;
}

} // namespace

const std::string* Arguments::given(std::string_view name) const {
    for (const auto& [key, value] : values_)
        if (key == name) return &value;
    return nullptr;
}

std::string Arguments::text(std::string_view name) const {
    if (const std::string* value = given(name)) return *value;
    for (const auto& rows : {verb_->parameters, model::common_options()})
        for (const Parameter& one : rows)
            if (one.name == name) return std::string(one.initial);
    return {};
}

void Arguments::give(std::string_view name, std::string value) {
    values_.emplace_back(name, std::move(value));
}

std::string option_name(const Parameter& parameter) {
    std::string name = (is_negated(parameter) ? "--no-" : "--") + std::string(parameter.name);
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

std::string usage_line(const model::Verb& verb) {
    std::string line = "xvm " + std::string(verb.words);
    for (const Parameter& one : verb.parameters)
        if (one.positional)
            line +=
                one.required ? " " + std::string(one.placeholder) : " [" + std::string(one.placeholder) + "]";
    for (const Parameter& one : verb.parameters)
        if (is_needed(one)) line += " " + option_name(one) + " " + std::string(one.placeholder);
    return line;
}

tl::unexpected<Error> usage_error(const model::Verb& verb, std::string cause) {
    return fail(Fault::usage, std::string(verb.words), std::move(cause), "usage: " + usage_line(verb));
}

Result<Arguments> parse_arguments(const model::Verb& verb, const std::vector<std::string>& words) {
    const std::vector<const Parameter*> options = options_of(verb);
    Arguments arguments(verb);
    std::vector<std::string> positionals;
    try {
        const po::options_description description = described(options);
        // Abbreviated options would break scripts on the day a longer option is added.
        const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        const auto parsed = po::command_line_parser(words).options(description).style(style).run();
        for (const auto& option : parsed.options) {
            if (option.position_key >= 0) {
                positionals.insert(positionals.end(), option.value.begin(), option.value.end());
                continue;
            }
            const auto found = std::find_if(options.begin(), options.end(), [&](const Parameter* one) {
                return option_name(*one).substr(2) == option.string_key;
            });
            if (arguments.given((*found)->name) != nullptr)
                return usage_error(verb, option_name(**found) + " is given twice");
            if ((*found)->type == Type::boolean)
                arguments.give((*found)->name, is_negated(**found) ? "0" : "1");
            else
                arguments.give((*found)->name, option.value.at(0));
        }
    } catch (const po::unknown_option& error) {
        return unknown_option(verb, options, error.get_option_name());
    } catch (const po::error& error) {
        return usage_error(verb, error.what());
    }
    XVM_TRY(take_positionals(arguments, positionals));
    XVM_TRY(check_needed(arguments));
    for (const auto& rows : {verb.parameters, model::common_options()})
        for (const Parameter& one : rows)
            if (const std::string* value = arguments.given(one.name)) XVM_TRY(check_value(verb, one, *value));
    XVM_TRY_LET(arguments.format_, format_of(arguments));
    return arguments;
}

} // namespace xvm::cli
