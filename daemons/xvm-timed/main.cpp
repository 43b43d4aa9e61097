// SPDX-License-Identifier: Apache-2.0
// xvm-timed: options, choice of port and of the page's owner, wiring; what it does is in service.cpp.
#include "daemons/common/log.hpp"
#include "daemons/common/readiness.hpp"
#include "daemons/common/rest.hpp"
#include "daemons/xvm-timed/options.hpp"
#include "daemons/xvm-timed/service.hpp"
#include "daemons/xvm-timed/world.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <spdlog/spdlog.h>

namespace {

using namespace xvm;
namespace asio = boost::asio;

int complain(const Error& error) {
    std::cerr << "xvm-timed: " << error.line() << "\n";
    return static_cast<int>(error.fault);
}

Result<std::unique_ptr<timed::Page_source>> open_source(asio::io_context& context, timed::World& world,
                                                        const timed::Options& options) {
    if (options.owner != "program") {
        auto kernel = timed::open_kernel_source(options.device);
        if (kernel || options.owner == "kernel" || kernel.error().fault != Fault::not_found) return kernel;
        spdlog::warn("{}; this program writes the page, late by its scheduling", kernel.error().line());
    }
    XVM_TRY_LET(auto granter, world.open_granter());
    return timed::make_user_source(context, std::move(granter), options.file);
}

int run(const timed::Options& options) {
    auto world = options.hosted.empty() ? timed::open_xen() : timed::open_hosted(options.hosted);
    if (!world) return complain(world.error());
    asio::io_context context(1);
    auto source = open_source(context, *world, options);
    if (!source) return complain(source.error());
    const std::string owner((*source)->owner());

    int code = 0;
    timed::Service service(context, world->store, std::move(*source), [&](const Error& error) {
        spdlog::error("{}", error.line());
        code = static_cast<int>(error.fault);
        context.stop();
    });
    if (const Status started = service.start(); !started) return complain(started.error());
    asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& e, int) {
        if (e) return;
        daemon::tell_stopping();
        service.stop();
        context.stop();
    });
    daemon::tell_ready("giving out the timer page");
    spdlog::info("ready on the store; the page's owner: {}", owner);
    daemon::Rest(context).run();
    return code;
}

} // namespace

int main(int argc, char** argv) {
    xvm::daemon::keep_one_heap();
    try {
        const auto options = timed::parse_options(argc, argv);
        if (!options) return complain(options.error());
        if (!*options) return 0;
        if (const Status logging = daemon::set_up_log("xvm-timed", (*options)->log_level); !logging)
            return complain(logging.error());
        return run(**options);
    } catch (const std::exception& e) {
        std::cerr << "xvm-timed: " << e.what() << "\n";
        return 1;
    }
}
