// SPDX-License-Identifier: Apache-2.0
// Processes as domains, all in this one.
#include "libvmshare/base/assert.hpp"
#include "tests/contract/sharing/hosted_actor.hpp"

namespace xvm::test {
namespace {

class Hosted_world final : public World {
  public:
    Hosted_world() { XVM_ASSERT(host_->add_domain(hosted_guest)); }
    std::unique_ptr<Actor> near() override { return start(dom0); }
    std::unique_ptr<Actor> far() override { return start(hosted_guest); }
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
