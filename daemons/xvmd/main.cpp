// SPDX-License-Identifier: Apache-2.0
// xvmd: chooses the ports, wires the parts, serves until it is told to end. Guests do not depend on it.
#include "daemons/common/http_server.hpp"
#include "daemons/common/json_reply.hpp"
#include "daemons/common/log.hpp"
#include "daemons/common/readiness.hpp"
#include "daemons/common/rest.hpp"
#include "daemons/common/watchdog.hpp"
#include "daemons/xvmd/decider.hpp"
#include "daemons/xvmd/file_shelf.hpp"
#include "daemons/xvmd/hosted_guests.hpp"
#include "daemons/xvmd/hosted_ports.hpp"
#include "daemons/xvmd/lifecycle.hpp"
#include "daemons/xvmd/options.hpp"
#include "daemons/xvmd/pool_keeper.hpp"
#include "daemons/xvmd/service_domain.hpp"
#include "daemons/xvmd/service_process.hpp"
#include "daemons/xvmd/service_standby.hpp"
#include "daemons/xvmd/sockets.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "daemons/xvmd/web.hpp"
#if XVM_WITH_XEN
#include "daemons/xvmd/xen_ports.hpp"
#endif
#include "toolstack/run/perform.hpp"
#include "toolstack/run/store_trees.hpp"

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <spdlog/spdlog.h>

namespace {

using namespace xvm;
using namespace xvm::xvmd;

constexpr std::size_t worker_threads = 4;
/// More, where some of them may wait for the management service: others are to go on meanwhile.
constexpr std::size_t worker_threads_asking = 12;

Open_ports choose_ports(const Options& options, const std::shared_ptr<Hosted_machine>& machine) {
    if (options.hosted) return [machine] { return machine->open(); };
#if XVM_WITH_XEN
    return open_xen_ports;
#else
    return []() -> Result<std::unique_ptr<Port_set>> {
        return fail(Fault::unreachable, "xvmd", "was built without Xen",
                    "build it with -Dport=all, or use --hosted");
    };
#endif
}

Open_channel_ports choose_channel_ports() {
#if XVM_WITH_XEN
    return open_xen_channel_ports;
#else
    return []() -> Result<Channel_ports> {
        return fail(Fault::unreachable, "xvmd", "was built without Xen", "use --service process");
    };
#endif
}

/// `wiring` and `standby` outlive what is made.
Management::Setup management_setup(const Options& options, const Service_domain::Wiring& wiring,
                                   Service_standby& standby) {
    Management::Setup setup{options.service_mode, {}};
    if (options.service_mode == "domain")
        setup.make = [&]() -> Result<std::unique_ptr<Service_instance>> {
            if (auto waits = standby.take()) return waits;
            return Service_domain::start(wiring);
        };
    else
        setup.make = [&options]() -> Result<std::unique_ptr<Service_instance>> {
            XVM_TRY_LET(auto made,
                        Service_process::start(options.service_program, options.state_dir + "/service"));
            return made;
        };
    if (options.service_standby) {
        setup.off = [&standby] { standby.prepare(); };
        setup.standby = [&standby] { return standby.is_ready(); };
    }
    setup.limits.idle = options.service_idle;
    setup.limits.start = setup.limits.answer = options.service_patience;
    return setup;
}

policy::Limits policy_limits(const Options& options) {
    policy::Limits limits;
    if (!options.service_roots.empty()) limits.roots = options.service_roots;
    return limits;
}

/// Finishes or undoes what an earlier xvmd was about.
Status clear_journal(run::Ports& ports, std::vector<Error>& damaged) {
    XVM_TRY_LET(const auto all, run::recover(ports, damaged));
    for (const run::Recovered& one : all) {
        const std::string what = one.plan.verb + " '" + one.plan.name + "'";
        if (one.outcome)
            spdlog::warn("{}, cut off when an earlier xvmd ended, is {}", what,
                         one.finished ? "finished" : "undone");
        else
            spdlog::error("{}, cut off when an earlier xvmd ended: {}", what, one.outcome.error().line());
    }
    return {};
}

/// Said once: which guests may read what others leave in memory is decided when Xen starts.
void warn_of_leftovers(port::Domains& domains) {
    const auto host = domains.host();
    if (!host) return;
    const auto& all = host->capabilities;
    if (std::find(all.begin(), all.end(), "scrub-domheap") == all.end())
        spdlog::warn(
            "Xen leaves it to guests to clear what they give up by their balloon drivers; start it with "
            "scrub-domheap where they may not");
}

Status serve(const Options& options) {
    // The lock first: a second xvmd is to touch nothing.
    XVM_TRY_LET(auto listeners, open_sockets(options));
    const std::string socket = listeners.front().socket.path();
    std::unique_ptr<Audit> audit;
    if (!options.audit.empty()) {
        // Under the service manager the journal has it too.
        XVM_TRY_LET(audit, Audit::open(options.audit, std::getenv("JOURNAL_STREAM") != nullptr));
    }
    const auto machine = options.hosted ? Hosted_machine::make() : nullptr;
    std::unique_ptr<Hosted_guests> guests;
    if (machine && options.hosted_guests) {
        XVM_TRY_LET(guests, Hosted_guests::start(machine));
    }
    const Open_ports open = choose_ports(options, machine);
    const Block_service block(options.block_socket);
    std::vector<Error> damaged;
    XVM_TRY_LET(const auto book, run::Guest_book::open(options.run_dir + "/guests", damaged));
    XVM_TRY_LET(const auto journal, run::Journal::open(options.run_dir + "/journal"));
    XVM_TRY_LET(const auto reservations, run::Reservations::open(options.run_dir + "/reservations",
                                                                 options.host_reserve_bytes, damaged));
    XVM_TRY_LET(const auto devices, run::Direct_book::open(options.run_dir + "/devices", damaged));
    const auto block_backend = [&block] { return block.check(); };
    {
        XVM_TRY_LET(const auto set, open());
        XVM_TRY(run::make_roots(set->store()));
        run::Ports ports{set->domains(), set->store(), block_backend,   {},
                         *book,          &journal,     &set->network(), &set->loops()};
        ports.reservations = reservations.get();
        ports.direct = set->direct();
        ports.grants = set->grants();
        ports.events = set->events();
        ports.devices = devices.get();
        XVM_TRY(run::end_all_shells(ports));
        if (!options.hosted) warn_of_leftovers(set->domains());
        XVM_TRY(clear_journal(ports, damaged));
        if (!options.hosted) XVM_TRY(end_left_service(ports));
        if (const std::size_t left = reservations->drop_all(); left > 0)
            spdlog::warn("{} reservations of memory, of operations that are over, are dropped", left);
    }
    for (const Error& error : damaged)
        spdlog::error("{}", error.line());

    boost::asio::io_context context(1);
    run::Image_cache images(run::image_cache_bytes());
    run::Shell_pool shells;
    const Workers::Shared shared{block_backend, *book,   &journal,           {},
                                 &images,       &shells, reservations.get(), devices.get()};
    XVM_TRY_LET(auto workers,
                Workers::start(options.service ? worker_threads_asking : worker_threads, open, shared));
    Pool_keeper keeper(context, *workers, shells, options.state_dir + "/pool.json");
    Operations operations;
    Event_log events;
    Metrics metrics(XVM_VERSION);
    Service service{
        *workers,         block, operations, events, metrics, audit.get(), {options.fail_at, options.kill_at},
        options.state_dir};
    File_shelf shelf(options.state_dir + "/configs");
    daemon::Router router;
    Verbs verbs(router, service);
    // Those who ask may hold all the others while the domain is made.
    std::unique_ptr<Workers> domain_worker;
    if (options.service_mode == "domain") {
        XVM_TRY_LET(domain_worker, Workers::start(1, open, shared));
    }
    const Service_domain::Wiring wiring{
        domain_worker ? *domain_worker : *workers,
        open,
        choose_channel_ports(),
        [&verbs](run::Ports& ports, const plan::Plan& plan, std::optional<Domid> domid) {
            return verbs.run_by_itself(ports, plan, domid);
        },
        {options.service_pack, options.service_disk, options.service_memory_bytes}};
    Service_standby standby(context, wiring);
    std::unique_ptr<Management> management;
    if (options.service)
        management =
            std::make_unique<Management>(context, events, management_setup(options, wiring, standby));
    service.management = management.get();
    Decider decider(shelf, management.get(), policy_limits(options));
    XVM_TRY_LET(auto watching, open());
    Lifecycle lifecycle(context, std::move(watching), verbs, service);
    add_config_verbs(verbs, decider);
    add_domain_verbs(verbs, lifecycle, decider);
    add_disk_verbs(verbs, service);
    add_top_verbs(verbs, service);
    add_trace_verbs(verbs, service);
    add_net_verbs(verbs);
    add_device_verbs(verbs);
    add_direct_verbs(verbs);
    add_host_verbs(verbs, service);
    add_operation_verbs(verbs, service);
    add_pool_verbs(verbs, keeper);
    add_record_verbs(verbs, service);
    add_save_verbs(verbs);
    add_service_verbs(verbs, decider);
    add_vcpu_verbs(verbs);
    add_memory_verbs(verbs, lifecycle.reports());
    add_move_verbs(verbs);
    router.add("GET", "/v1/memory/reports", [&lifecycle](const daemon::Request&, const daemon::Reply& reply) {
        lifecycle.reports().lines().follow(reply, {});
    });
    if (machine)
        router.add("GET", "/v1/hosted/ledger", daemon::immediate([machine](const daemon::Request&) {
                       return daemon::json_response(machine->ledger());
                   }));
    add_web(router, *workers, decider);
    // The store told of its domain when the shell was filled.
    keeper.when_taken([&lifecycle] { lifecycle.look(); });
    keeper.resume();
    daemon::Http_server server(context, std::move(listeners), std::move(router));
    if (!options.web.empty()) {
        XVM_TRY_LET(auto web, daemon::Web_listener::open(options.web_port, options.run_dir + "/web.token"));
        spdlog::info("web page at http://127.0.0.1:{}/#TOKEN, with TOKEN from {}/web.token", web.port,
                     options.run_dir);
        server.also(std::move(web));
    }
    daemon::Watchdog watchdog(context);
    server.observe(
        {[&] { watchdog.active(); },
         [&](const std::string& method, unsigned status) { metrics.count_request(method, status); }});

    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) return;
        daemon::tell_stopping();
        watchdog.stop(); // what runs is finished first, however long it takes
        server.stop();
        context.stop();
    });
    spdlog::info("listening on {}{}", socket, options.hosted ? ", without Xen" : "");
    if (!options.fail_at.empty()) spdlog::warn("every plan fails after step {}", options.fail_at);
    XVM_TRY(lifecycle.start());
    daemon::tell_ready("serving " + socket);
    if (management) management->wake();
    daemon::Rest(context).run();
    spdlog::info("ending; guests go on");
    if (management) management->close(); // who waits for it is told
    standby.close();
    if (domain_worker) domain_worker->stop();
    workers->stop(); // what runs is finished; its answers go to a context that is still there
    context.restart();
    context.poll();
    if (const auto set = open()) {
        run::Ports ports{(*set)->domains(), (*set)->store(), block_backend, {}, *book};
        shells.drain(ports);
    }
    return {};
}

} // namespace

int main(int argc, char** argv) {
    xvm::daemon::keep_one_heap();
    const auto report = [](const Error& error) {
        std::cerr << "xvmd: " << error.line() << '\n';
        return static_cast<int>(error.fault);
    };
    try {
        std::signal(SIGPIPE, SIG_IGN);
        const auto options = parse_options(argc, argv);
        if (!options) return report(options.error());
        if (options->help) {
            std::cout << help_text();
            return 0;
        }
        if (options->version) {
            std::cout << "xvmd " XVM_VERSION "\n";
            return 0;
        }
        if (const Status logging = daemon::set_up_log("xvmd", options->log_level); !logging)
            return report(logging.error());
        const Status served = serve(*options);
        return served ? 0 : report(served.error());
    } catch (const std::exception& error) {
        std::cerr << "xvmd: " << error.what() << '\n';
        return 1;
    }
}
