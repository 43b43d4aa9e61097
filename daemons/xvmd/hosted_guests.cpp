// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/hosted_guests.hpp"

#include "daemons/xvmd/hosted_backends.hpp"
#include "libvmshare/base/number.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <poll.h>

namespace xvm::xvmd {
namespace {

namespace home_nodes = schema::domain::home;
constexpr int look_again_ms = 20;
constexpr std::chrono::milliseconds slow_period{20};
constexpr std::uint64_t slow_step_bytes = 1ULL << 20;
constexpr std::uint64_t dies_at_bytes = 8ULL << 20;

} // namespace

Result<std::unique_ptr<Hosted_guests>> Hosted_guests::start(std::shared_ptr<Hosted_machine> machine) {
    XVM_TRY_LET(auto ports, machine->open());
    XVM_TRY(ports->store().watch("/local/domain", "guests"));
    std::unique_ptr<Hosted_guests> guests(new Hosted_guests(std::move(machine), std::move(ports)));
    guests->thread_ = std::thread([self = guests.get()] { self->run(); });
    return guests;
}

Hosted_guests::~Hosted_guests() {
    over_ = true;
    thread_.join();
}

void Hosted_guests::run() {
    while (!over_) {
        pollfd watched{ports_->store().fd(), POLLIN, 0};
        static_cast<void>(::poll(&watched, 1, look_again_ms));
        for (;;) {
            const auto event = ports_->store().next_event();
            if (!event || !*event) break;
        }
        play_backends(*machine_, ports_->store());
        const auto now = std::chrono::steady_clock::now();
        slow_turn_ = now - last_slow_turn_ >= slow_period;
        if (slow_turn_) last_slow_turn_ = now;
        const auto guests = ports_->domains().list();
        if (!guests) continue;
        for (const port::Domain_info& guest : *guests)
            if (guest.id.domid != dom0 && guest.running) play(guest);
        std::erase_if(takers_, [&](const auto& one) {
            const bool there = std::any_of(guests->begin(), guests->end(), [&](const auto& guest) {
                return guest.id.domid == one.first && !guest.dying;
            });
            if (!there) machine_->direct().end(one.first);
            return !there;
        });
    }
}

void Hosted_guests::play(const port::Domain_info& guest) {
    port::Store& store = ports_->store();
    const std::string home = home_nodes::dir(guest.id.domid);
    const std::string suspends = schema::path(home, home_nodes::control_feature_suspend);
    if (store.read(schema::path(home, home_nodes::control_shutdown)) &&
        store.read(suspends) != std::string("1"))
        static_cast<void>(store.write(suspends, "1"));
    obey_balloon(guest, home);
    obey_processors(guest, home);
    take_devices(guest);
    obey_shutdown(guest, home);
}

void Hosted_guests::obey_balloon(const port::Domain_info& guest, const std::string& home) {
    const auto target = ports_->store().read(schema::path(home, home_nodes::memory_target));
    const auto kib = target ? parse_number<std::uint64_t>(*target) : std::nullopt;
    if (!kib || *kib << 10 == guest.memory_bytes) return;
    std::uint64_t wanted = *kib << 10;
    const std::lock_guard lock(machine_->mutex_);
    if (!machine_->domains_.info(guest.id.domid)) return;
    // A guest's command line says how well it does, for tests: "balloon=slow".
    const std::string words = machine_->domains_.command_line(guest.id.domid);
    const auto is = [&](std::string_view mood) {
        return words.find("balloon=" + std::string(mood)) != std::string::npos;
    };
    if (is("ignores")) return;
    if ((is("slow") || is("dies")) && !slow_turn_) return;
    if (is("slow") || is("dies"))
        wanted = wanted < guest.memory_bytes ? std::max(wanted, guest.memory_bytes - slow_step_bytes)
                                             : std::min(wanted, guest.memory_bytes + slow_step_bytes);
    machine_->domains_.balloon(guest.id.domid, wanted);
    if (is("dies") && wanted % dies_at_bytes == 0)
        machine_->domains_.shut_down(guest.id.domid, static_cast<unsigned>(port::Stop_reason::crash));
}

void Hosted_guests::take_devices(const port::Domain_info& guest) {
    auto& taker = takers_[guest.id.domid];
    if (!taker) {
        const std::lock_guard lock(machine_->mutex_);
        const std::string words = machine_->domains_.command_line(guest.id.domid);
        if (words.find("devices=takes") == std::string::npos) return;
        auto started = Hosted_taker::start(machine_->host(), guest.id.domid);
        if (started) taker = std::move(*started);
    }
    if (taker) taker->play(machine_->direct());
}

void Hosted_guests::obey_processors(const port::Domain_info& guest, const std::string& home) {
    for (unsigned vcpu = 1; vcpu < guest.vcpus_max; ++vcpu) {
        const auto wanted = ports_->store().read(schema::path(home, home_nodes::cpu_availability(vcpu)));
        if (!wanted) continue;
        const std::lock_guard lock(machine_->mutex_);
        if (machine_->domains_.info(guest.id.domid))
            machine_->domains_.set_online(guest.id.domid, vcpu, *wanted == "online");
    }
}

void Hosted_guests::obey_shutdown(const port::Domain_info& guest, const std::string& home) {
    const std::string node = schema::path(home, home_nodes::control_shutdown);
    const auto wish = ports_->store().read(node);
    if (!wish || wish->empty()) return;
    static_cast<void>(ports_->store().write(node, ""));
    const auto reason = *wish == "suspend"  ? port::Stop_reason::suspend
                        : *wish == "reboot" ? port::Stop_reason::reboot
                                            : port::Stop_reason::poweroff;
    static_cast<void>(ports_->domains().stop(guest.id.domid, reason));
}

} // namespace xvm::xvmd
