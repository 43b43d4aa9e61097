// SPDX-License-Identifier: Apache-2.0
// Processes as domains, each over a connection of its own to the machine.
#include "libvmshare/base/assert.hpp"
#include "libvmshare/port/hosted/remote.hpp"
#include "libvmshare/port/hosted/server.hpp"
#include "tests/contract/sharing/hosted_actor.hpp"

#include <unistd.h>

namespace xvm::test {
namespace {

class Remote_world final : public World {
  public:
    Remote_world() { XVM_ASSERT(host_->add_domain(hosted_guest)); }
    std::unique_ptr<Actor> near() override { return start(dom0); }
    std::unique_ptr<Actor> far() override { return start(hosted_guest); }
    Domid begin_domain() override {
        XVM_ASSERT(host_->add_unintroduced_domain(Domid{8}));
        return Domid{8};
    }
    void end_domain(Domid domid) override { XVM_ASSERT(host_->destroy_domain(domid)); }

  private:
    std::unique_ptr<Actor> start(Domid domid) {
        return std::make_unique<Hosted_actor>(port::hosted::start_process(path_, domid).value(), domid);
    }
    std::string path_ = "/tmp/xvm-contract-" + std::to_string(::getpid()) + ".sock";
    std::unique_ptr<port::hosted::Server> server_ =
        port::hosted::Server::start(port::hosted::Host::make(), path_).value();
    std::unique_ptr<port::hosted::Remote_host> host_ = port::hosted::Remote_host::connect(path_).value();
};

} // namespace

std::unique_ptr<World> make_world() {
    return std::make_unique<Remote_world>();
}

} // namespace xvm::test
