// SPDX-License-Identifier: Apache-2.0
// xvm-blkd: options, choice of port, wiring; what it does is in backend.cpp and backends/block.
#include "backends/timer/page_clock.hpp"
#include "daemons/common/http_server.hpp"
#include "daemons/common/json_reply.hpp"
#include "daemons/common/log.hpp"
#include "daemons/common/readiness.hpp"
#include "daemons/common/rest.hpp"
#include "daemons/xvm-blkd/backend.hpp"
#include "daemons/xvm-blkd/crew.hpp"
#include "daemons/xvm-blkd/options.hpp"
#include "daemons/xvm-blkd/trace_json.hpp"
#include "daemons/xvm-blkd/vbd_json.hpp"
#include "libvmshare/base/number.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <csignal>
#include <iostream>
#include <spdlog/spdlog.h>

namespace {

using namespace xvm;
namespace asio = boost::asio;

int complain(const Error& error) {
    std::cerr << "xvm-blkd: " << error.line() << "\n";
    return static_cast<int>(error.fault);
}

/// GET /v1/vbds/{domid}/{devid}/trace?after=SEQ: what it answers with is kept from the first such request on.
daemon::Response trace(const blkd::Backend& backend, const daemon::Request& request) {
    const auto refuse = [](Error error) { return daemon::failure_response(api::Failure(std::move(error))); };
    const auto guest = parse_domid(request.parameters.at("domid"));
    const auto devid = parse_number<std::uint32_t>(request.parameters.at("devid"));
    const std::string disk = "disk " + request.parameters.at("domid") + "/" + request.parameters.at("devid");
    const auto vbd = guest && devid ? backend.find({*guest, *devid}) : nullptr;
    if (!vbd) return refuse({Fault::not_found, disk, "is served by nobody here", "see GET /v1/vbds"});
    std::optional<std::uint64_t> after;
    if (const auto given = request.query.find("after"); given != request.query.end()) {
        after = parse_number<std::uint64_t>(given->second);
        if (!after)
            return refuse({Fault::usage, disk, "'" + given->second + "' is no number of a request",
                           "give 'next' of the answer before"});
    }
    return daemon::json_response(blkd::to_json(vbd->trace().read(after)));
}

daemon::Router routes(const blkd::Backend& backend) {
    daemon::Router router;
    router.add("GET", "/v1/vbds", daemon::immediate([&backend](const daemon::Request&) {
                   boost::json::array vbds;
                   backend.for_each(
                       [&](const blkd::Vbd& vbd) { vbds.push_back(blkd::to_json(vbd.id(), vbd.report())); });
                   return daemon::json_response(boost::json::object{{"vbds", std::move(vbds)}});
               }));
    router.add("GET", "/v1/vbds/{domid}/{devid}/trace",
               daemon::immediate([&backend](const daemon::Request& r) { return trace(backend, r); }));
    return router;
}

int run(const blkd::Options& options) {
    // First the socket: its lock says whether another xvm-blkd is at work.
    auto listener = daemon::Unix_listener::open(options.socket, "xvm-blkd");
    if (!listener) return complain(listener.error());
    // A hosted machine has no time of its own but what it is told.
    std::vector<std::string> time_pages;
    if (options.time != "none" && !options.time.empty())
        time_pages = {options.time};
    else if (options.time.empty() && options.hosted.empty())
        time_pages = timer::default_pages();
    auto world =
        options.hosted.empty() ? blkd::open_xen(time_pages) : blkd::open_hosted(options.hosted, time_pages);
    if (!world) return complain(world.error());

    asio::io_context context(1);
    blkd::Crew crew(context, options.threads);
    int code = 0;
    const auto store_lost = [&](const Error& error) {
        spdlog::error("{}", error.line());
        code = static_cast<int>(error.fault);
        context.stop();
    };
    blkd::Backend backend(context, crew.executor(), std::move(*world), store_lost,
                          [&crew](bool begins) { crew.at_work(begins); });
    if (const Status started = backend.start(); !started) return complain(started.error());
    daemon::Http_server server(context, std::move(*listener), routes(backend));

    asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& e, int) {
        if (e) return;
        daemon::tell_stopping();
        spdlog::info("stopping: {} disks finish what they are at", backend.size());
        server.stop();
        backend.stop([&] { context.stop(); });
    });
    daemon::tell_ready("serving disks");
    spdlog::info("ready on {}", options.socket);
    daemon::Rest(context).run();
    crew.join();
    // What was still on its way holds queues, and these the crew's strands: it must not outlive the crew.
    do
        context.restart();
    while (context.poll() != 0);
    return code;
}

} // namespace

int main(int argc, char** argv) {
    xvm::daemon::keep_one_heap();
    try {
        const auto options = blkd::parse_options(argc, argv);
        if (!options) return complain(options.error());
        if (!*options) return 0;
        if (const Status logging = daemon::set_up_log("xvm-blkd", (*options)->log_level); !logging)
            return complain(logging.error());
        return run(**options);
    } catch (const std::exception& e) {
        std::cerr << "xvm-blkd: " << e.what() << "\n";
        return 1;
    }
}
