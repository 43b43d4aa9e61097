// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/service_domain.hpp"

#include "libvmshare/abi/channel_grants.h"
#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/perform.hpp"

#include <chrono>
#include <mutex>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace xvm::xvmd {
namespace {

using Clock = std::chrono::steady_clock;
/// What a kernel does at its start that is of no use here is left out: to look through its page tables for
/// pages that can be both written and run (a third of a second; the one program there is root, and may insert
/// modules), and what parses the kernel's types for BPF.
constexpr const char* command_line =
    "console=hvc0 loglevel=4 cryptomgr.notests panic=-1 rodata=off "
    "initcall_blacklist=cubictcp_register,kfunc_init,bpf_key_sig_kfuncs_init,bpf_prog_test_run_init,"
    "bpf_rstat_kfunc_init,bpf_tcp_ca_kfunc_init";
constexpr const char* node_token = "service";
constexpr const char* end_token = "ends";

std::string home_of(const Domain_id& id) {
    return "/local/domain/" + std::to_string(number(id.domid));
}

std::string node_of(const Domain_id& id) {
    return home_of(id) + "/" XVM_CHANNEL_NODE;
}

/// What is still there of a domain that was ended; empty: nothing.
std::string left_of(run::Ports& ports, const Domain_id& id) {
    const auto info = ports.domains.info(id.domid);
    if (info && info->id.uuid == id.uuid)
        return info->dying ? "it is dying, its memory in use" : "it is there";
    if (const auto nodes = ports.store.list(home_of(id)); nodes && !info) return "nodes of it in the store";
    return {};
}

plan::Guest_ref ref_of(const Domain_id& id) {
    return {std::string(service_domain_name), id};
}

} // namespace

struct Service_domain::Box {
    Unique_fd poke; ///< eventfd
    std::mutex mutex;
    std::optional<Result<Domain_id>> made;
    bool gone = false;

    void tell() const {
        constexpr std::uint64_t once = 1;
        static_cast<void>(!::write(poke.get(), &once, sizeof once));
    }
};

Uuid service_domain_uuid() noexcept {
    return *Uuid::parse("78766d2d-7365-4276-8963-652d646f6d31"); // "xvm-serv..ce-dom1"
}

Status end_left_service(run::Ports& ports) {
    const auto entry = run::find_domain(ports, service_domain_uuid().text(), run::Sight::records);
    if (!entry)
        return entry.error().fault == Fault::not_found ? Status{}
                                                       : Status(tl::unexpected<Error>(entry.error()));
    if (entry->life == run::Life::stale) return {};
    spdlog::warn("the service domain of an earlier xvmd, domain {}, is ended", number(entry->info.id.domid));
    XVM_TRY(run::perform(ports, plan::plan_destroy(ref_of(entry->info.id)), {}, entry->info.id.domid));
    return {};
}

plan::Guest_config Service_domain::guest_of(const Image& image) {
    plan::Guest_config guest;
    guest.name = service_domain_name;
    guest.type = plan::Guest_type::pvh;
    guest.memory_bytes = guest.memory_max_bytes = guest.memory_min_bytes = image.memory_bytes;
    guest.kernel = {image.pack, "kernel"};
    guest.ramdisk = {image.pack, "initrd"};
    guest.command_line = command_line;
    plan::Disk_config disk;
    disk.dev = "xvda";
    disk.devid = *plan::disk_devid(disk.dev);
    disk.path = image.disk;
    disk.writable = true;
    disk.backend = plan::Disk_backend::blkback;
    guest.disks.push_back(std::move(disk));
    // Its end is ours to see to.
    guest.on_poweroff = guest.on_reboot = guest.on_crash = plan::On_stop::preserve;
    return guest;
}

Service_domain::Service_domain(const Wiring& wiring, std::unique_ptr<Port_set> set, Channel_ports ports,
                               std::shared_ptr<Box> box)
    : wiring_(wiring), set_(std::move(set)), ports_(std::move(ports)), box_(std::move(box)) {}

Service_domain::~Service_domain() = default;

Result<std::unique_ptr<Service_domain>> Service_domain::start(const Wiring& wiring) {
    auto box = std::make_shared<Box>();
    box->poke.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!box->poke) return fail_errno(errno, "service domain", "cannot be watched");
    XVM_TRY_LET(auto set, wiring.open());
    XVM_TRY_LET(Channel_ports ports, wiring.open_channel());
    XVM_TRY(set->store().watch("@releaseDomain", end_token));
    const auto run = wiring.run;
    const plan::Plan plan = plan::plan_create(guest_of(wiring.image), service_domain_uuid(), false);
    XVM_TRY(wiring.workers.submit(std::string(service_domain_name), [box, run, plan](run::Ports& with) {
        auto made = run(with, plan, {});
        {
            const std::lock_guard lock(box->mutex);
            box->made = std::move(made);
        }
        box->tell();
    }));
    return std::unique_ptr<Service_domain>(
        new Service_domain(wiring, std::move(set), std::move(ports), std::move(box)));
}

Result<std::unique_ptr<Service_domain>> Service_domain::start_held(const Wiring& wiring) {
    XVM_TRY_LET(auto made, start(wiring));
    made->hold_ = true;
    return made;
}

std::string Service_domain::text() const {
    return stage_ == Stage::making ? "a domain to be" : "domain " + std::to_string(number(id_.domid));
}

void Service_domain::describe(boost::json::object& all) const {
    if (stage_ != Stage::making && stage_ != Stage::gone) all["domid"] = number(id_.domid);
}

std::vector<int> Service_domain::fds() const {
    return {box_->poke.get(), set_->store().fd(), ports_.events->fd()};
}

// --- what happened -------------------------------------------------------------------------------------

void Service_domain::look() {
    std::uint64_t times = 0;
    static_cast<void>(!::read(box_->poke.get(), &times, sizeof times));
    std::optional<Result<Domain_id>> made;
    {
        const std::lock_guard lock(box_->mutex);
        made.swap(box_->made);
        if (box_->gone) stage_ = Stage::gone;
    }
    if (made) take_made(*made);
    bool changed = false;
    for (auto event = set_->store().next_event(); event && *event; event = set_->store().next_event())
        changed = true;
    if (changed) look_at_domain();
    hear();
}

void Service_domain::take_made(const Result<Domain_id>& made) {
    if (!made) {
        ending_ = {made.error().line(), true};
        stage_ = Stage::gone;
        return;
    }
    id_ = *made;
    stage_ = Stage::booting;
    if (killed_) return begin_end("ended by force");
    if (const Status watched = set_->store().watch(node_of(id_), node_token); !watched)
        fault_ = watched.error().line();
}

void Service_domain::look_at_domain() {
    if (stage_ != Stage::booting && stage_ != Stage::held && stage_ != Stage::connected) return;
    const auto info = set_->domains().info(id_.domid);
    if (!info || info->id.uuid != id_.uuid || info->dying) return begin_end("was ended by somebody else");
    if (info->shut_down)
        return begin_end(info->shutdown_reason == static_cast<unsigned>(port::Stop_reason::poweroff)
                             ? "powered off"
                             : "crashed");
    if (stage_ == Stage::booting) try_connect();
}

void Service_domain::try_connect() {
    const auto node = set_->store().read(node_of(id_));
    if (!node || node->empty()) return; // not yet
    const auto offer = parse_channel_offer(*node);
    if (!offer) {
        fault_ = "its node in the store says nothing of a channel";
        return;
    }
    if (hold_) return hold_it();
    auto channel = Service_channel::open(ports_, id_.domid, *offer);
    if (!channel) {
        fault_ = channel.error().line();
        return;
    }
    channel_.emplace(std::move(*channel));
    stage_ = Stage::connected;
}

/// It waits for our first event by itself; paused, it takes no processor time for certain.
void Service_domain::hold_it() {
    if (const Status paused = set_->domains().pause(id_.domid); !paused)
        return begin_end("cannot be paused: " + paused.error().line());
    stage_ = Stage::held;
}

void Service_domain::release() {
    hold_ = false;
    if (stage_ != Stage::held) return;
    if (const Status goes_on = set_->domains().unpause(id_.domid); !goes_on)
        return begin_end("cannot go on: " + goes_on.error().line());
    stage_ = Stage::booting;
    try_connect();
}

/// Ports are unmasked before the queue is looked at: turn() follows.
void Service_domain::hear() {
    for (auto port = ports_.events->next(); port && *port; port = ports_.events->next())
        static_cast<void>(ports_.events->unmask(**port));
}

// --- the channel ---------------------------------------------------------------------------------------

bool Service_domain::put(const channel::Message& message) {
    return channel_ && channel_->end().put(message);
}

channel::End::Turn Service_domain::turn() {
    if (!channel_) return {};
    channel::End::Turn turn = channel_->end().turn();
    if (turn.notify)
        if (const Status told = channel_->notify(); !told) fault_ = told.error().line();
    return turn;
}

std::string_view Service_domain::fault() const noexcept {
    return !fault_.empty() || !channel_ ? std::string_view(fault_) : channel_->end().fault();
}

// --- the end -------------------------------------------------------------------------------------------

void Service_domain::begin_end(std::string how) {
    channel_.reset(); // or the domain would stay, dying
    set_->store().unwatch(node_of(id_), node_token);
    if (stage_ != Stage::ending) ending_.how = std::move(how);
    stage_ = Stage::ending;
    if (submitted_) return;
    const Status taken = wiring_.workers.submit(
        std::string(service_domain_name), [box = box_, run = wiring_.run, id = id_](run::Ports& ports) {
            const auto entry = run::find_domain(ports, id.uuid.text(), run::Sight::records);
            if (entry && entry->info.id == id)
                static_cast<void>(run(ports, plan::plan_destroy(ref_of(id)), id.domid));
            if (const std::string left = left_of(ports, id); !left.empty())
                spdlog::error("service domain {}: not all of it is gone: {}", number(id.domid), left);
            {
                const std::lock_guard lock(box->mutex);
                box->gone = true;
            }
            box->tell();
        });
    submitted_ = taken.has_value();
    if (!taken) spdlog::error("service domain: {}; it is tried again", taken.error().line());
}

void Service_domain::kill() {
    killed_ = true;
    if (stage_ == Stage::booting || stage_ == Stage::held || stage_ == Stage::connected ||
        (stage_ == Stage::ending && !submitted_))
        begin_end("ended by force");
}

std::optional<Service_instance::Ending> Service_domain::ended(int wait_ms) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(wait_ms);
    while (stage_ != Stage::gone) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return std::nullopt;
        std::vector<pollfd> all;
        for (const int fd : fds())
            all.push_back({fd, POLLIN, 0});
        if (::poll(all.data(), all.size(), static_cast<int>(left.count())) > 0) look();
    }
    return ending_;
}

} // namespace xvm::xvmd
