// SPDX-License-Identifier: Apache-2.0
// xvm-store-lint: holds the live store, or a dump of one, against xenstore-schema/.
#include "libvmshare/base/file.hpp"
#include "libvmshare/base/number.hpp"
#include "libvmshare/port/xen/store.hpp"
#include "toolstack/lint/report.hpp"
#include "toolstack/lint/walk.hpp"
#include "xenstore-schema/dump.hpp"

#include <boost/program_options.hpp>
#include <exception>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>

namespace xvm::lint_tool {
namespace {

namespace po = boost::program_options;

constexpr std::size_t dump_bytes_max = 64 * 1024 * 1024;

struct Request {
    std::optional<std::string> dump;
    std::optional<std::set<Domid>> live;
    bool as_json = false;
};

po::options_description options() {
    po::options_description all("xvm-store-lint: hold the store against the schema\n"
                                "Exit code: 0 clean, 1 findings, 2 usage, 8 no store.\n\nOptions");
    all.add_options()("dump", po::value<std::string>()->value_name("FILE"),
                      "judge the output of `xenstore-ls -fp` in FILE (- is standard input)");
    all.add_options()("live", po::value<std::string>()->value_name("DOMIDS"),
                      "with --dump: the domains that live, as 0,3,7; without it nothing counts as left over");
    all.add_options()("output,o", po::value<std::string>()->value_name("FORMAT")->default_value("table"),
                      "table or json");
    all.add_options()("help,h", "this text");
    all.add_options()("version", "the version");
    return all;
}

Result<std::set<Domid>> parse_domids(std::string_view text) {
    std::set<Domid> domids;
    while (true) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const auto domid = parse_domid(text.substr(0, comma));
        if (!domid)
            return fail(Fault::usage, "--live", "'" + std::string(text.substr(0, comma)) + "' is no domid",
                        "write numbers with commas: 0,3,7");
        domids.insert(*domid);
        if (comma == text.size()) return domids;
        text.remove_prefix(comma + 1);
    }
}

Result<Request> parse(const po::variables_map& given) {
    Request request;
    const auto& format = given["output"].as<std::string>();
    if (format != "table" && format != "json")
        return fail(Fault::usage, "--output", "'" + format + "' is no format", "say table or json");
    request.as_json = format == "json";
    if (given.count("dump") != 0) request.dump = given["dump"].as<std::string>();
    if (given.count("live") != 0) {
        if (!request.dump)
            return fail(Fault::usage, "--live", "the store itself knows who lives",
                        "use it with --dump only");
        XVM_TRY_LET(request.live, parse_domids(given["live"].as<std::string>()));
    }
    return request;
}

/// A pipe has no size to ask for.
Result<std::string> read_stdin() {
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    if (std::cin.bad()) return fail(Fault::failed, "standard input", "cannot read");
    return text;
}

Result<schema::Store_image> read_dump(const std::string& file) {
    XVM_TRY_LET(const std::string text, file == "-" ? read_stdin() : read_text(file, dump_bytes_max));
    auto image = schema::parse_dump(text);
    if (!image) image.error().object = file + ": " + image.error().object;
    return image;
}

Result<schema::Store_image> read(const Request& request) {
    if (request.dump) {
        XVM_TRY_LET(schema::Store_image image, read_dump(*request.dump));
        image.live = request.live;
        return image;
    }
    XVM_TRY_LET(const auto store, port::xen::open_store());
    return read_store(*store);
}

int report(const Error& error) {
    std::cerr << "xvm-store-lint: " << error.line() << '\n';
    return static_cast<int>(error.fault);
}

int run(int argc, char** argv) {
    po::variables_map given;
    try {
        const po::positional_options_description nothing;
        po::store(po::command_line_parser(argc, argv).options(options()).positional(nothing).run(), given);
    } catch (const po::error& error) {
        return report({Fault::usage, "command line", error.what(), "see xvm-store-lint --help"});
    }
    if (given.count("help") != 0) {
        std::cout << options();
        return 0;
    }
    if (given.count("version") != 0) {
        std::cout << "xvm-store-lint " XVM_VERSION "\n";
        return 0;
    }
    const auto request = parse(given);
    if (!request) return report(request.error());
    const auto image = read(*request);
    if (!image) return report(image.error());
    const auto findings = schema::lint(*image);
    (request->as_json ? print_json : print_text)(std::cout, findings, image->nodes.size());
    if (!std::cout.flush())
        return report({Fault::failed, "standard output", "cannot write",
                       "see where it goes to, and whether there is room: df"});
    return findings.empty() ? 0 : 1;
}

} // namespace
} // namespace xvm::lint_tool

int main(int argc, char** argv) {
    try {
        return xvm::lint_tool::run(argc, argv);
    } catch (const std::exception& error) { // out of memory, and nothing else
        std::cerr << "xvm-store-lint: " << error.what() << '\n';
        return 1;
    }
}
