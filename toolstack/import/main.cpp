// SPDX-License-Identifier: Apache-2.0
// xvm-import: makes an xvm.toml of an xl.cfg. The only program that knows libxlutil.
#include "libvmshare/base/file.hpp"
#include "toolstack/api/error_json.hpp"
#include "toolstack/import/convert.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/program_options.hpp>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>

namespace xvm::import {
namespace {

namespace json = boost::json;
namespace po = boost::program_options;

constexpr std::size_t file_bytes_max = 256 * 1024; // xl.cfg files have a few kilobytes
constexpr std::string_view program = "xvm-import";

po::options_description options() {
    po::options_description all("xvm-import FILE: make an xvm.toml of an xl.cfg\n"
                                "Exit code: 0 done, 2 something cannot be carried (nothing is written), 3 no "
                                "such file.\n\nOptions");
    all.add_options()("to", po::value<std::string>()->value_name("FILE"),
                      "write here, not to standard output; it must not be there yet");
    all.add_options()("name,n", po::value<std::string>()->value_name("NAME"),
                      "the guest's name, instead of the one in FILE");
    all.add_options()("quiet,q", "with -o json: nothing on standard error");
    all.add_options()("strict", "what is left out is an error, too");
    all.add_options()("output,o", po::value<std::string>()->value_name("FORMAT")->default_value("table"),
                      "table: the TOML itself; json: TOML and notes, or the refusal");
    all.add_options()("help,h", "this text");
    all.add_options()("version", "the version");
    return all;
}

/// Says a refusal as every program of xvm does: a line on standard error, and JSON for who asked for it.
int refuse(const api::Failure& failure, const po::variables_map& given) {
    const bool as_json = given.count("output") != 0 && given["output"].as<std::string>() == "json";
    if (!as_json || given.count("quiet") == 0) {
        std::cerr << program << ": " << failure.line() << '\n';
        for (const Error& error : failure.more)
            std::cerr << program << ": " << error.line() << '\n';
    }
    if (as_json) std::cout << json::serialize(api::failure_json(failure)) << '\n' << std::flush;
    return static_cast<int>(failure.fault);
}

json::object note_json(const Note& note) {
    return {{"schema", "xvm.import_note/1"},
            {"level", note.is_error ? "error" : "warning"},
            {"object", note.what.object},
            {"cause", note.what.cause},
            {"remedy", note.what.remedy}};
}

Result<po::variables_map> parse(int argc, char** argv) {
    po::variables_map given;
    po::options_description all = options();
    all.add_options()("file", po::value<std::vector<std::string>>());
    po::positional_options_description words;
    words.add("file", -1);
    try {
        po::store(po::command_line_parser(argc, argv).options(all).positional(words).run(), given);
    } catch (const po::error& error) {
        return fail(Fault::usage, "command line", error.what(), "see xvm-import --help");
    }
    if (given.count("help") + given.count("version") != 0) return given;
    const auto& format = given["output"].as<std::string>();
    if (format != "table" && format != "json")
        return fail(Fault::usage, "--output", "'" + format + "' is no format", "say table or json");
    if (given.count("file") == 0 || given["file"].as<std::vector<std::string>>().size() != 1)
        return fail(Fault::usage, "command line", "one FILE is wanted", "usage: xvm-import FILE");
    return given;
}

/// Writes a file that was not there.
Status write_new(const std::string& path, const std::string& text) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored))
        return fail(Fault::busy, path, "is there already", "remove it, or give another --to FILE");
    return replace_file(path, text, Durable::no, 0644);
}

/// Every note that stands in the way: the errors, and with --strict the warnings.
std::optional<api::Failure> failure_of(const Imported& imported, bool strict) {
    std::optional<api::Failure> failure;
    for (const Note& note : imported.notes) {
        if (!note.is_error && !strict) continue;
        if (failure)
            failure->more.push_back(note.what);
        else
            failure = api::Failure(note.what);
    }
    return failure;
}

Status print(const po::variables_map& given, const Imported& imported) {
    const bool as_json = given["output"].as<std::string>() == "json";
    if (!as_json || given.count("quiet") == 0)
        for (const Note& note : imported.notes)
            std::cerr << program << ": " << note.what.line() << " (warning)\n";
    if (given.count("to") != 0) XVM_TRY(write_new(given["to"].as<std::string>(), imported.toml));
    if (as_json) {
        json::array notes;
        for (const Note& note : imported.notes)
            notes.push_back(note_json(note));
        std::cout << json::serialize(json::object{
                         {"schema", "xvm.import/1"}, {"toml", imported.toml}, {"notes", std::move(notes)}})
                  << '\n';
    } else if (given.count("to") == 0) {
        std::cout << imported.toml;
    }
    if (!std::cout.flush())
        return fail(Fault::exhausted, "standard output", "cannot write", "see whether there is room: df");
    return {};
}

int run(int argc, char** argv) {
    const auto given = parse(argc, argv);
    if (!given) return refuse(given.error(), {});
    if (given->count("help") != 0) {
        std::cout << options();
        return 0;
    }
    if (given->count("version") != 0) {
        std::cout << "xvm-import " XVM_VERSION "\n";
        return 0;
    }
    const std::string& path = (*given)["file"].as<std::vector<std::string>>().front();
    auto text = read_text(path, file_bytes_max);
    if (!text) return refuse(text.error(), *given);
    std::error_code error;
    const std::string source = std::filesystem::absolute(path, error).lexically_normal().string();
    const auto file = Xl_file::read(std::move(*text), source);
    if (!file) return refuse(file.error(), *given);
    const Choices choices{given->count("name") != 0 ? (*given)["name"].as<std::string>() : std::string{}};
    const Imported imported = convert(*file, choices);
    if (const auto failure = failure_of(imported, given->count("strict") != 0))
        return refuse(*failure, *given);
    const Status printed = print(*given, imported);
    return printed ? 0 : refuse(printed.error(), *given);
}

} // namespace
} // namespace xvm::import

int main(int argc, char** argv) {
    try {
        return xvm::import::run(argc, argv);
    } catch (const std::exception& error) { // out of memory, and nothing else
        std::cerr << "xvm-import: " << error.what() << '\n';
        return 1;
    }
}
