// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/options.hpp"

#include "libvmshare/base/number.hpp"
#include "libvmshare/base/suggest.hpp"
#include "toolstack/plan/size.hpp"

#include <boost/program_options.hpp>
#include <sstream>
#include <vector>

namespace xvm::xvmd {
namespace po = boost::program_options;
namespace {

constexpr std::uint64_t plan_page_bytes = 4096;
constexpr const char* audit_file = "/var/log/xvm/audit.jsonl";

po::options_description described(Options& options) {
    po::options_description text("Options", 100);
    const auto word = [](std::string& into, const char* name, const char* initial) {
        return po::value<std::string>(&into)->value_name(name)->default_value(initial);
    };
    text.add_options()("socket", word(options.socket, "PATH", "/run/xvm/xvmd.sock"), "where to listen")(
        "read-only-socket", word(options.read_only_socket, "PATH", ""),
        "where to listen for who may only look; the service manager may hand over both sockets")(
        "block-socket", word(options.block_socket, "PATH", "/run/xvm/blkd.sock"),
        "where xvm-blkd listens")("run-dir", word(options.run_dir, "DIR", "/run/xvm"),
                                  "where the journal and what is known of guests lie")(
        "state-dir", word(options.state_dir, "DIR", "/var/lib/xvm"), "where stored configurations lie")(
        "audit", po::value<std::string>(&options.audit)->value_name("FILE"),
        "where changes are written down: /var/log/xvm/audit.jsonl; with --hosted: nowhere")(
        "host-reserve", word(options.host_reserve, "SIZE", "16MiB"),
        "memory of the host that no guest gets: Xen needs some for what it does for them")(
        "service", word(options.service_mode, "MODE", "off"),
        "who decides: off: xvmd itself; process: xvm-service(8), which runs only while it is needed; domain: "
        "the same in a domain of its own")("service-idle", word(options.service_idle_text, "TIME", "60s"),
                                           "without a request for so long the service is stopped")(
        "service-patience", word(options.service_patience_text, "TIME", "10s"),
        "how long it may take to be ready, and to answer; then it is ended by force")(
        "service-program", word(options.service_program, "PATH", "/usr/sbin/xvm-service"),
        "what it is")("service-pack", word(options.service_pack, "PATH", "/var/lib/xvm/service.pack"),
                      "what the domain boots, made by xvm-service-image(8)")(
        "service-disk", word(options.service_disk, "PATH", "/var/lib/xvm/service.disk"),
        "where the domain keeps configurations")(
        "service-memory", word(options.service_memory, "SIZE", "128MiB"),
        "of the domain")("service-standby", po::bool_switch(&options.service_standby),
                         "while the service is off the next domain waits, booted and paused: it holds its "
                         "memory, and the first "
                         "request need not wait for a kernel")(
        "web", word(options.web, "PORT", ""),
        "serve a web page on that port of 127.0.0.1; 0: any; RUN-DIR/web.token has what it asks for")(
        "service-root", po::value<std::vector<std::string>>(&options.service_roots)->value_name("DIR"),
        "below which the files of guests may lie that it orders; may be given again")(
        "log-level", word(options.log_level, "LEVEL", "info"), "trace, debug, info, warn or error")(
        "hosted", po::bool_switch(&options.hosted),
        "a make-believe machine instead of Xen: a test aid, no guest runs")(
        "hosted-guests", po::bool_switch(&options.hosted_guests),
        "guests of the make-believe machine do what they are asked, as Linux does")(
        "fail-at", word(options.fail_at, "STEP", ""),
        "let each plan fail after that step: a test aid; the log names the steps at level debug")(
        "kill-at", word(options.kill_at, "STEP", ""), "end by SIGKILL after that step: a test aid")(
        "help,h", po::bool_switch(&options.help), "print this")("version", po::bool_switch(&options.version),
                                                                "print the version");
    return text;
}

} // namespace

namespace {

Result<std::chrono::milliseconds> time_of(const std::string& option, const std::string& text) {
    const auto time = plan::parse_duration(text);
    if (time && *time > 0) return std::chrono::milliseconds(*time);
    return fail(Fault::usage, option + " '" + text + "'", "is no time",
                "write it with its unit, such as 60s");
}

Status read_service(Options& options) {
    const bool domain = options.service_mode == "domain";
    options.service = domain || options.service_mode == "process";
    if (!options.service && options.service_mode != "off")
        return fail(Fault::usage, "--service '" + options.service_mode + "'", "is no way to decide",
                    "it is off, process or domain");
    if (domain && options.hosted)
        return fail(Fault::usage, "--service domain", "needs Xen, and --hosted is without",
                    "use --service process");
    if (options.service_standby && !domain)
        return fail(Fault::usage, "--service-standby", "is for a service in a domain",
                    "add --service domain, or leave it out");
    const auto memory = plan::parse_size(options.service_memory);
    if (!memory || *memory == 0 || *memory % plan_page_bytes != 0)
        return fail(Fault::usage, "--service-memory '" + options.service_memory + "'", "is no size",
                    "give a whole number and MiB, such as 128MiB");
    options.service_memory_bytes = *memory;
    if (const auto port = parse_number<std::uint16_t>(options.web); port)
        options.web_port = *port;
    else if (!options.web.empty())
        return fail(Fault::usage, "--web '" + options.web + "'", "is no port", "give a number, such as 8006");
    XVM_TRY_LET(options.service_idle, time_of("--service-idle", options.service_idle_text));
    XVM_TRY_LET(options.service_patience, time_of("--service-patience", options.service_patience_text));
    for (std::string& root : options.service_roots) {
        while (root.size() > 1 && root.ends_with('/'))
            root.pop_back();
        if (!root.starts_with('/'))
            return fail(Fault::usage, "--service-root '" + root + "'", "is no absolute path",
                        "begin it with /");
    }
    return {};
}

} // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
    Options options;
    const po::options_description known = described(options);
    try {
        const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        po::variables_map values;
        po::store(po::command_line_parser(argc, argv).options(known).positional({}).style(style).run(),
                  values);
        po::notify(values);
        XVM_TRY(read_service(options));
        const auto reserve = plan::parse_size(options.host_reserve);
        if (!reserve)
            return fail(Fault::usage, "--host-reserve '" + options.host_reserve + "'", "is no size",
                        "give a whole number and KiB, MiB, GiB or TiB, such as 16MiB");
        options.host_reserve_bytes = *reserve;
        if (values.count("audit") == 0 && !options.hosted) options.audit = audit_file;
    } catch (const po::unknown_option& error) {
        std::vector<std::string> names;
        for (const auto& option : known.options())
            names.push_back("--" + option->long_name());
        const std::vector<std::string_view> views(names.begin(), names.end());
        const auto near = nearest(error.get_option_name(), views);
        return fail(Fault::usage, "command line", "unknown option '" + error.get_option_name() + "'",
                    near ? "did you mean '" + std::string(*near) + "'?" : "'xvmd --help' lists the options");
    } catch (const po::error& error) {
        return fail(Fault::usage, "command line", error.what(), "'xvmd --help' lists the options");
    }
    return options;
}

std::string help_text() {
    Options options;
    std::ostringstream text;
    text << "Usage: xvmd [OPTION]...\n\nStarts and ends guests for xvm(1); serves its API on a Unix "
            "socket.\n\n"
         << described(options);
    return text.str();
}

} // namespace xvm::xvmd
