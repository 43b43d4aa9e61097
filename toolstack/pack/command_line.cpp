// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/command_line.hpp"

#include "libvmshare/base/suggest.hpp"

#include <algorithm>
#include <sstream>

namespace xvm::pack_tool {
namespace {

namespace po = boost::program_options;

po::options_description options_of(const Verb& verb) {
    po::options_description options("Options", 100);
    verb.add_options(options);
    options.add_options()("output,o", po::value<std::string>()->value_name("FORMAT")->default_value("table"),
                          "print a table, or json");
    options.add_options()("help,h", "print this");
    return options;
}

std::string usage_line(const Verb& verb) {
    return "xvm-pack " + std::string(verb.name) + " " + std::string(verb.arguments);
}

tl::unexpected<Error> unknown_option(const Verb& verb, const po::options_description& options,
                                     const std::string& given) {
    std::vector<std::string> names;
    for (const auto& option : options.options())
        names.push_back("--" + option->long_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = nearest(given, known);
    return fail(Fault::usage, std::string(verb.name), "unknown option '" + given + "'",
                near ? "did you mean '" + std::string(*near) + "'?"
                     : "'xvm-pack " + std::string(verb.name) + " --help' lists the options");
}

Result<Format> parse_format(const Verb& verb, const std::string& text) {
    if (text == "table") return Format::table;
    if (text == "json") return Format::json;
    return fail(Fault::usage, std::string(verb.name), "unknown output format '" + text + "'",
                "formats are table json");
}

} // namespace

tl::unexpected<Error> usage_error(const Verb& verb, std::string cause) {
    return fail(Fault::usage, std::string(verb.name), std::move(cause), "usage: " + usage_line(verb));
}

Result<const Verb*> find_verb(std::span<const Verb* const> verbs, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Verb* verb : verbs) {
        if (verb->name == name) return verb;
        names.push_back(verb->name);
    }
    const auto near = nearest(name, names);
    return fail(Fault::usage, {}, "unknown verb '" + std::string(name) + "'",
                near ? "did you mean '" + std::string(*near) + "'?" : "'xvm-pack --help' lists the verbs");
}

Result<Request> parse_request(const Verb& verb, const std::vector<std::string>& words) {
    const po::options_description shown = options_of(verb);
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
        return unknown_option(verb, shown, error.get_option_name());
    } catch (const po::error& error) {
        return usage_error(verb, error.what());
    }
    if (request.has("argument"))
        request.arguments = request.options["argument"].as<std::vector<std::string>>();
    XVM_TRY_LET(request.format, parse_format(verb, request.options["output"].as<std::string>()));
    return request;
}

std::string usage_text(std::span<const Verb* const> verbs) {
    std::ostringstream text;
    text << "Packed boot-image disks: one file holds the images of many guests.\n\nUsage: xvm-pack VERB "
            "...\n\n";
    std::size_t width = 0;
    for (const Verb* verb : verbs)
        width = std::max(width, verb->name.size());
    for (const Verb* verb : verbs)
        text << "  " << verb->name << std::string(width + 2 - verb->name.size(), ' ') << verb->summary
             << '\n';
    text << "\n'xvm-pack VERB --help' tells more; 'xvm-pack --version' prints the version.\n"
            "Exit codes: 0 done, 1 failed or corrupt, 2 usage, 3 no such file or image, 4 exists already.\n";
    return text.str();
}

std::string help_text(const Verb& verb) {
    std::ostringstream text;
    text << "Usage: " << usage_line(verb) << "\n\n" << verb.details << "\n\n" << options_of(verb);
    return text.str();
}

} // namespace xvm::pack_tool
