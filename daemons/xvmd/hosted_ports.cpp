// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/hosted_ports.hpp"

#include "libvmshare/port/hosted/process.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace xvm::xvmd {
namespace json = boost::json;

/// The machine's ledger for several threads, with the store told of comings and goings.
class Hosted_domains final : public port::Domains {
  public:
    explicit Hosted_domains(std::shared_ptr<Hosted_machine> machine) : machine_(std::move(machine)) {}

    Result<Domid> create(const port::Domain_shape& shape) override {
        const std::lock_guard lock(machine_->mutex_);
        XVM_TRY_LET(const Domid domid, machine_->domains_.create(shape));
        if (Status added = machine_->host_->add_unintroduced_domain(domid); !added) {
            static_cast<void>(machine_->domains_.destroy(domid));
            return tl::unexpected<Error>(std::move(added.error()));
        }
        return domid;
    }
    Status destroy(Domid domid) override {
        const std::lock_guard lock(machine_->mutex_);
        XVM_TRY(machine_->domains_.destroy(domid));
        machine_->host_->destroy_domain(domid);
        return {};
    }
    Status set_uuid(Domid domid, const Uuid& uuid) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.set_uuid(domid, uuid);
    }
    Result<port::Built_domain> build(Domid domid, const port::Domain_shape& shape,
                                     const port::Boot_image& image) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.build(domid, shape, image);
    }
    Status pin(Domid domid, unsigned vcpu, unsigned cpu) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.pin(domid, vcpu, cpu);
    }
    Status pause(Domid domid) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.pause(domid);
    }
    Status unpause(Domid domid) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.unpause(domid);
    }
    Status set_affinity(Domid domid, unsigned vcpu, port::Affinity affinity,
                        const port::Cpu_list& cpus) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.set_affinity(domid, vcpu, affinity, cpus);
    }
    Result<std::vector<port::Vcpu_info>> vcpus(Domid domid) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.vcpus(domid);
    }
    Status set_memory_max(Domid domid, std::uint64_t bytes) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.set_memory_max(domid, bytes);
    }
    Status claim_memory(Domid domid, std::uint64_t bytes) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.claim_memory(domid, bytes);
    }
    Status fill_frames(Domid domid, const port::Frames& frames) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.fill_frames(domid, frames);
    }
    Status clear_frames(Domid domid, const port::Frames& frames) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.clear_frames(domid, frames);
    }
    Status release_frames(Domid domid, const port::Frames& frames) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.release_frames(domid, frames);
    }
    Status stop(Domid domid, port::Stop_reason reason) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.stop(domid, reason);
    }
    Status resume(Domid domid) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.resume(domid);
    }
    Status save(Domid domid, int fd, const port::Stream_hooks& hooks) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.save(domid, fd, hooks);
    }
    Result<port::Built_domain> restore(Domid domid, const port::Domain_shape& shape, int fd,
                                       const port::Stream_hooks& hooks) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.restore(domid, shape, fd, hooks);
    }
    Result<std::string> hypervisor_log() override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.hypervisor_log();
    }
    Result<std::vector<port::Domain_info>> list() override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.list();
    }
    Result<port::Domain_info> info(Domid domid) override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.info(domid);
    }
    Result<port::Host_info> host() override {
        const std::lock_guard lock(machine_->mutex_);
        return machine_->domains_.host();
    }

  private:
    std::shared_ptr<Hosted_machine> machine_;
};

namespace {

class Hosted_ports final : public Port_set {
  public:
    Hosted_ports(std::shared_ptr<Hosted_machine> machine, std::unique_ptr<port::hosted::Process> process)
        : machine_(std::move(machine)), domains_(machine_), process_(std::move(process)) {}
    port::Domains& domains() noexcept override { return domains_; }
    port::Store& store() noexcept override { return process_->store(); }
    port::Network& network() noexcept override { return machine_->network(); }
    port::Loops& loops() noexcept override { return machine_->loops(); }
    port::Direct_devices* direct() noexcept override { return &machine_->direct(); }
    port::Grants* grants() noexcept override { return &process_->grants(); }
    port::Events* events() noexcept override { return &process_->events(); }

  private:
    std::shared_ptr<Hosted_machine> machine_;
    Hosted_domains domains_;
    std::unique_ptr<port::hosted::Process> process_;
};

} // namespace

Hosted_machine::Hosted_machine() : host_(port::hosted::Host::make()) {
    network_.add_bridge("br0");
    port::Pci_device device;
    device.address.slot = 0x10;
    device.vendor = 0x1234;
    device.product = 0x11e8;
    device.registers = 0xfea00000;
    device.register_bytes = 1U << 20;
    device.msi = true;
    direct_.add(device);
}

std::shared_ptr<Hosted_machine> Hosted_machine::make() {
    return std::shared_ptr<Hosted_machine>(new Hosted_machine());
}

Result<std::unique_ptr<Port_set>> Hosted_machine::open() {
    XVM_TRY_LET(auto process, port::hosted::start_process(host_, dom0));
    return std::make_unique<Hosted_ports>(shared_from_this(), std::move(process));
}

json::value Hosted_machine::ledger() {
    const std::lock_guard lock(mutex_);
    json::array domains;
    if (const auto infos = domains_.list())
        for (const port::Domain_info& info : *infos)
            domains.push_back({{"domid", number(info.id.domid)}, {"memory_bytes", info.memory_bytes}});
    const auto host = domains_.host();
    json::value dump = host_->dump();
    json::array loops;
    for (const std::string& label : loops_.labels())
        loops.emplace_back(label);
    return json::object{{"schema", "xvm.hosted_ledger/1"},
                        {"domains", std::move(domains)},
                        {"memory_free_bytes", host ? host->free_bytes : 0},
                        {"loops", std::move(loops)},
                        {"machine", std::move(dump)}};
}

} // namespace xvm::xvmd
