// SPDX-License-Identifier: Apache-2.0
// xvm create: starts a guest.
#include "libvmshare/base/file.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

#include <boost/program_options/value_semantic.hpp>
#include <filesystem>

namespace xvm::cli {
namespace {

constexpr std::size_t config_bytes_max = 1024 * 1024;

void add_options(boost::program_options::options_description& options) {
    namespace po = boost::program_options;
    options.add_options()("paused,p", "leave it paused, before its first instruction");
    options.add_options()("name,n", po::value<std::string>()->value_name("NAME"),
                          "the guest's name, instead of the one in FILE");
}

Outcome run(const Request& request, std::ostream& out) {
    const std::string& file = request.arguments[0];
    XVM_TRY_LET(std::string config, read_text(file, config_bytes_max));
    std::error_code error;
    const std::string source = std::filesystem::absolute(file, error).lexically_normal().string();
    api::Call call{
        "POST",
        api::target({"v1", "domains"}, {{"source", source},
                                        {"paused", request.has("paused") ? "1" : "0"},
                                        {"name", request.has("name") ? request.text("name") : ""}}),
        std::move(config), "application/toml"};
    XVM_ASK(const auto domain, ask(request, call));
    if (request.format == command::Format::json)
        command::print_json(out, domain);
    else
        out << "domain '" << text_at(domain, "name") << "' is " << text_at(domain, "state") << ", number "
            << number_at(domain, "domid") << '\n';
    return {};
}

} // namespace

const Verb create_verb{
    "create",
    "FILE",
    "start a guest",
    "FILE says in TOML what the guest is; xvm.toml(5) has every key. For instance:\n\n"
    "  name = \"web\"\n"
    "  type = \"pvh\"                  # or \"pv\"\n"
    "  memory = \"256MiB\"\n"
    "  kernel = \"boot.pack:vmlinux\"  # PACK:ENTRY, or a file\n"
    "  command_line = \"console=hvc0 root=/dev/xvda\"\n"
    "  [[disk]]\n"
    "  dev = \"xvda\"\n"
    "  pack = \"boot.pack\"\n\n"
    "If anything fails, everything done for the guest is undone.",
    add_options,
    run,
    1,
    1,
};

} // namespace xvm::cli
