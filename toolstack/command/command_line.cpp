// SPDX-License-Identifier: Apache-2.0
#include "toolstack/command/command_line.hpp"

#include "libvmshare/base/suggest.hpp"

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <sstream>

namespace xvm::command {
namespace {

namespace po = boost::program_options;

po::options_description options_of(const Program& program, const Verb& verb) {
    po::options_description options("Options", 100);
    if (verb.add_options != nullptr) verb.add_options(options);
    options.add_options()("output,o", po::value<std::string>()->value_name("FORMAT")->default_value("table"),
                          "print a table, or json");
    if (program.add_options != nullptr) program.add_options(options);
    options.add_options()("help,h", "print this");
    return options;
}

std::string usage_line(std::string_view program, const Verb& verb) {
    std::string line = std::string(program) + " " + std::string(verb.name);
    if (!verb.arguments.empty()) line += " " + std::string(verb.arguments);
    return line;
}

std::string help_hint(const Program& program, std::string_view verb, std::string_view what) {
    return "'" + std::string(program.name) + (verb.empty() ? "" : " ") + std::string(verb) +
           " --help' lists the " + std::string(what);
}

std::string did_you_mean(std::string_view name) {
    return "did you mean '" + std::string(name) + "'?";
}

tl::unexpected<Error> unknown_option(const Program& program, const Verb& verb,
                                     const po::options_description& options, const std::string& given) {
    std::vector<std::string> names;
    for (const auto& option : options.options())
        names.push_back("--" + option->long_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = nearest(given, known);
    return fail(Fault::usage, std::string(verb.name), "unknown option '" + given + "'",
                near ? did_you_mean(*near) : help_hint(program, verb.name, "options"));
}

std::string count_text(std::size_t count) {
    return count == 0 ? "no argument" : std::to_string(count) + (count == 1 ? " argument" : " arguments");
}

Status check_arguments(const Program& program, const Verb& verb, const std::vector<std::string>& arguments) {
    if (arguments.size() < verb.arguments_min)
        return usage_error(program.name, verb, "'" + std::string(verb.arguments) + "' is missing");
    if (arguments.size() > verb.arguments_max)
        return usage_error(program.name, verb,
                           "takes " + count_text(verb.arguments_max) + ", not '" +
                               arguments[verb.arguments_max] + "' too");
    return {};
}

} // namespace

tl::unexpected<Error> usage_error(std::string_view program, const Verb& verb, std::string cause) {
    return fail(Fault::usage, std::string(verb.name), std::move(cause),
                "usage: " + usage_line(program, verb));
}

Result<Found_verb> find_verb(const Program& program, const std::vector<std::string>& words) {
    const std::string two = words.size() > 1 ? words[0] + " " + words[1] : words[0];
    std::vector<std::string_view> names;
    std::string second_words;
    for (const Verb* verb : program.verbs) {
        if (verb->name == words[0]) return Found_verb{verb, 1};
        if (verb->name == two) return Found_verb{verb, 2};
        names.push_back(verb->name);
        if (verb->name.starts_with(words[0] + " "))
            second_words += (second_words.empty() ? "'" : "', '") + std::string(verb->name);
    }
    if (!second_words.empty())
        return fail(Fault::usage, "", "'" + words[0] + "' wants another word",
                    "there is " + second_words + "'");
    auto near = nearest(words[0], names);
    if (!near) near = nearest(two, names);
    return fail(Fault::usage, "", "unknown verb '" + words[0] + "'",
                near ? did_you_mean(*near) : help_hint(program, "", "verbs"));
}

Result<Request> parse_request(const Program& program, const Verb& verb,
                              const std::vector<std::string>& words) {
    const po::options_description shown = options_of(program, verb);
    po::options_description all;
    all.add(shown).add_options()("argument", po::value<std::vector<std::string>>());
    po::positional_options_description positions;
    positions.add("argument", -1);
    Request request;
    try {
        // Abbreviated options would break scripts on the day a longer option is added.
        const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(words).options(all).positional(positions).style(style).run(),
                  request.options);
        po::notify(request.options);
    } catch (const po::unknown_option& error) {
        return unknown_option(program, verb, shown, error.get_option_name());
    } catch (const po::error& error) {
        return usage_error(program.name, verb, error.what());
    }
    if (request.has("argument"))
        request.arguments = request.options["argument"].as<std::vector<std::string>>();
    XVM_TRY(check_arguments(program, verb, request.arguments));
    const std::string format = request.text("output");
    if (format != "table" && format != "json")
        return fail(Fault::usage, std::string(verb.name), "unknown output format '" + format + "'",
                    "formats are table and json");
    request.format = format == "json" ? Format::json : Format::table;
    return request;
}

std::string usage_text(const Program& program) {
    std::ostringstream text;
    text << program.summary << "\n\nUsage: " << program.name << " VERB ...\n\n";
    std::size_t width = 0;
    const auto shown = [](const Verb& verb) {
        return std::string(verb.name) + (verb.arguments.empty() ? "" : " ") + std::string(verb.arguments);
    };
    for (const Verb* verb : program.verbs)
        width = std::max(width, shown(*verb).size());
    for (const Verb* verb : program.verbs)
        text << "  " << shown(*verb) << std::string(width + 2 - shown(*verb).size(), ' ') << verb->summary
             << '\n';
    text << "\n'" << program.name << " VERB --help' tells more, '" << program.name
         << " --version' prints the version.\n"
         << program.footer;
    return text.str();
}

std::string help_text(const Program& program, const Verb& verb) {
    std::ostringstream text;
    text << "Usage: " << usage_line(program.name, verb) << "\n\n"
         << verb.details << "\n\n"
         << options_of(program, verb);
    return text.str();
}

} // namespace xvm::command
