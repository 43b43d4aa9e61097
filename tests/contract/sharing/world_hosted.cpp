// SPDX-License-Identifier: Apache-2.0
// Processes as domains, all in this one.
#include "libvmshare/base/assert.hpp"
#include "libvmshare/port/hosted/process.hpp"
#include "tests/contract/sharing/world.hpp"

namespace xvm::test {
namespace {

constexpr Domid guest{7};

class Hosted_actor final : public Actor {
  public:
    Hosted_actor(std::unique_ptr<port::hosted::Process> process, Domid domid)
        : process_(std::move(process)), domid_(domid) {}
    Domid domid() const override { return domid_; }
    port::Events& events() override { return process_->events(); }
    port::Grants& grants() override { return process_->grants(); }
    port::Granter* granter() override { return &process_->granter(); }
    port::Store& store() override { return process_->store(); }

  private:
    std::unique_ptr<port::hosted::Process> process_;
    Domid domid_;
};

class Hosted_world final : public World {
  public:
    Hosted_world() { XVM_ASSERT(host_->add_domain(guest)); }
    std::unique_ptr<Actor> near() override { return start(dom0); }
    std::unique_ptr<Actor> far() override { return start(guest); }
    Domid begin_domain() override {
        XVM_ASSERT(host_->add_unintroduced_domain(Domid{8}));
        return Domid{8};
    }
    void end_domain(Domid domid) override { host_->destroy_domain(domid); }

  private:
    std::unique_ptr<Actor> start(Domid domid) {
        return std::make_unique<Hosted_actor>(port::hosted::start_process(host_, domid).value(), domid);
    }
    std::shared_ptr<port::hosted::Host> host_ = port::hosted::Host::make();
};

} // namespace

std::unique_ptr<World> make_world() {
    return std::make_unique<Hosted_world>();
}

} // namespace xvm::test
