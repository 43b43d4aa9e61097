// SPDX-License-Identifier: Apache-2.0
// xvm-guestd: options, wiring; what it does is in desk.cpp and answer.cpp.
#include "daemons/common/command_line.hpp"
#include "daemons/common/log.hpp"
#include "daemons/common/readiness.hpp"
#include "daemons/common/rest.hpp"
#include "daemons/xvm-guestd/desk.hpp"
#include "libvmshare/port/xen/events.hpp"
#include "libvmshare/port/xen/grants.hpp"
#include "libvmshare/port/xen/store.hpp"
#include "toolstack/api/http_client.hpp"
#include "toolstack/api/target.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/program_options.hpp>
#include <csignal>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <spdlog/spdlog.h>

namespace {

using namespace xvm;
namespace po = boost::program_options;

struct Options {
    std::string socket = "/run/xvm/xvmd.sock";
    std::string rules = "/etc/xvm/guests.toml";
    std::string log_level = "info";
};

/// A guest that is asked to shut down takes its time.
constexpr std::chrono::seconds silence_max{200};

int complain(const Error& error) {
    std::cerr << "xvm-guestd: " << error.line() << "\n";
    return static_cast<int>(error.fault);
}

Result<guestd::Rules> read_rules(const std::string& path) {
    std::ifstream file(path);
    if (!file)
        return fail_errno(errno, path, "cannot be read", "it says which guest may what: xvm-guestd(8)");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return guestd::Rules::parse(text, path);
}

guestd::Ways ways_to(const std::string& socket) {
    const auto client = [socket] { return api::Http_client(socket, "xvmd", silence_max); };
    guestd::Ways ways;
    ways.name_of = [client](Domid domid) -> Result<std::string> {
        const auto said =
            client().call({"GET", api::target({"v1", "domains", std::to_string(number(domid))}), {}, {}});
        if (!said) return tl::unexpected<Error>(said.error());
        const auto* all = said->if_object();
        const auto* name = all == nullptr ? nullptr : all->if_contains("name");
        if (name == nullptr || !name->is_string() || name->get_string().empty())
            return fail(Fault::not_found, "domain " + std::to_string(number(domid)), "has no name", {});
        return std::string(name->get_string());
    };
    ways.call = [client](const guestd::Guest_verb& verb, const std::string& target) {
        std::vector<std::string_view> path{"v1", verb.noun, target};
        if (!verb.tail.empty()) path.push_back(verb.tail);
        return client().call({std::string(verb.method), api::target(path, {}), {}, {}});
    };
    return ways;
}

Status serve(const Options& options) {
    XVM_TRY_LET(const guestd::Rules rules, read_rules(options.rules));
    XVM_TRY_LET(const auto store, port::xen::open_store());
    xvmd::Channel_ports ports;
    XVM_TRY_LET(ports.grants, port::xen::open_grants());
    XVM_TRY_LET(ports.events, port::xen::open_events());
    const guestd::Ways ways = ways_to(options.socket);
    boost::asio::io_context context(1);
    guestd::Desk desk(context, *store, ports, ways, rules);
    XVM_TRY(desk.start());
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) return;
        daemon::tell_stopping();
        context.stop();
    });
    daemon::tell_ready("answering guests");
    spdlog::info("ready on {}", options.rules);
    daemon::Rest(context).run();
    return {};
}

} // namespace

int main(int argc, char** argv) {
    daemon::keep_one_heap();
    try {
        std::signal(SIGPIPE, SIG_IGN);
        Options options;
        po::options_description known("Usage: xvm-guestd [OPTION]...\n"
                                      "Answers guests that ask about guests, as far as rules allow. See "
                                      "xvm-guestd(8).\n\nOptions");
        const auto word = [](std::string& into, const char* name) {
            return po::value(&into)->default_value(into)->value_name(name);
        };
        known.add_options()("socket", word(options.socket, "PATH"),
                            "xvmd's")("rules", word(options.rules, "FILE"), "which guest may what")(
            "log-level", word(options.log_level, "LEVEL"), "trace, debug, info, warn or error");
        const auto goes_on = daemon::read_command_line("xvm-guestd", XVM_VERSION, known, argc, argv);
        if (!goes_on) return complain(goes_on.error());
        if (!*goes_on) return 0;
        if (const Status logging = daemon::set_up_log("xvm-guestd", options.log_level); !logging)
            return complain(logging.error());
        const Status served = serve(options);
        return served ? 0 : complain(served.error());
    } catch (const std::exception& error) {
        std::cerr << "xvm-guestd: " << error.what() << "\n";
        return 1;
    }
}
