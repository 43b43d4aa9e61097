// SPDX-License-Identifier: Apache-2.0
// xvm-memd: options, wiring; what it does is in service.cpp.
#include "daemons/common/log.hpp"
#include "daemons/common/readiness.hpp"
#include "daemons/common/rest.hpp"
#include "daemons/xvm-memd/options.hpp"
#include "daemons/xvm-memd/service.hpp"
#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/api/target.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

namespace {

using namespace xvm;
namespace asio = boost::asio;

int complain(const Error& error) {
    std::cerr << "xvm-memd: " << error.line() << "\n";
    return static_cast<int>(error.fault);
}

balance::Millis now() {
    return std::chrono::duration_cast<balance::Millis>(std::chrono::steady_clock::now().time_since_epoch());
}

/// Follows a stream of xvmd's, and says that something has come, until `stop_fd` is readable.
void follow(const std::string& socket, const std::string& target, int stop_fd,
            const std::function<void()>& changed) {
    for (;;) {
        api::Waiting waiting;
        waiting.silence_max = api::wait_for_ever;
        waiting.interrupt_fd = stop_fd;
        waiting.interrupted = [] { return false; };
        (void)api::Http_client(socket, "xvmd", std::move(waiting))
            .stream({"GET", target, {}, {}}, [&](std::string_view) {
                changed();
                return true;
            });
        pollfd stop{stop_fd, POLLIN, 0}; // xvmd went away: it may come again
        if (::poll(&stop, 1, 2000) > 0) return;
        changed();
    }
}

int run(const memd::Options& options) {
    const Unique_fd stop_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop_fd) return complain({Fault::failed, "eventfd", "cannot be made", {}});
    asio::io_context context(1);
    const auto look = [&] {
        api::Waiting waiting;
        waiting.silence_max = std::chrono::seconds(10);
        return api::Http_client(options.socket, "xvmd", std::move(waiting))
            .call({"GET", api::target({"v1", "memory"}, {}), {}, {}});
    };
    const auto move = [&](const balance::Move& one) {
        return memd::ask_for_move(options.socket, stop_fd.get(), one);
    };
    std::thread events, reports;
    std::atomic<bool> is_told{false}, is_reported{false}; // one look for many of them
    const auto stop = [&] { (void)::eventfd_write(stop_fd.get(), 1); };
    {
        auto guard = asio::make_work_guard(context);
        memd::Service service(context, {look, move, now}, {options.once, options.dry_run},
                              [&] { context.stop(); });
        asio::signal_set signals(context, SIGTERM, SIGINT);
        signals.async_wait([&](const boost::system::error_code& e, int) {
            if (e) return;
            daemon::tell_stopping();
            service.stop();
            stop();
            context.stop();
        });
        if (!options.once) {
            events = std::thread([&] {
                follow(options.socket, api::target({"v1", "events"}, {}), stop_fd.get(), [&] {
                    if (is_told.exchange(true)) return;
                    asio::post(context, [&] {
                        is_told = false;
                        service.look();
                    });
                });
            });
            reports = std::thread([&] {
                follow(options.socket, api::target({"v1", "memory", "reports"}, {}), stop_fd.get(), [&] {
                    if (is_reported.exchange(true)) return;
                    asio::post(context, [&] {
                        is_reported = false;
                        service.look_soon();
                    });
                });
            });
            daemon::tell_ready("balancing memory");
            spdlog::info("ready; xvmd at {}", options.socket);
        }
        service.look();
        daemon::Rest(context).run();
        stop();
        if (events.joinable()) events.join();
        if (reports.joinable()) reports.join();
        if (options.once) return service.code();
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    xvm::daemon::keep_one_heap();
    try {
        const auto options = memd::parse_options(argc, argv);
        if (!options) return complain(options.error());
        if (!*options) return 0;
        if (const Status logging = daemon::set_up_log("xvm-memd", (*options)->log_level); !logging)
            return complain(logging.error());
        return run(**options);
    } catch (const std::exception& e) {
        std::cerr << "xvm-memd: " << e.what() << "\n";
        return 1;
    }
}
