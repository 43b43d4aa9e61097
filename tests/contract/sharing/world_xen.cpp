// SPDX-License-Identifier: Apache-2.0
// Real Xen, dom0 with itself: event channels and grants work between a domain and itself as between two.
#include "libvmshare/port/xen/events.hpp"
#include "libvmshare/port/xen/grants.hpp"
#include "libvmshare/port/xen/store.hpp"
#include "tests/contract/sharing/world.hpp"

namespace xvm::test {
namespace {

class Xen_actor final : public Actor {
  public:
    Xen_actor() {
        if (auto granter = port::xen::open_granter()) granter_ = std::move(*granter);
    }
    Domid domid() const override { return dom0; }
    port::Events& events() override { return *events_; }
    port::Grants& grants() override { return *grants_; }
    port::Granter* granter() override { return granter_.get(); }
    port::Store& store() override { return *store_; }

  private:
    std::unique_ptr<port::Store> store_ = port::xen::open_store().value();
    std::unique_ptr<port::Events> events_ = port::xen::open_events().value();
    std::unique_ptr<port::Grants> grants_ = port::xen::open_grants().value();
    std::unique_ptr<port::Granter> granter_;
};

class Xen_world final : public World {
  public:
    std::unique_ptr<Actor> near() override { return std::make_unique<Xen_actor>(); }
    std::unique_ptr<Actor> far() override { return std::make_unique<Xen_actor>(); }
    std::string lacks_far_domain() const override { return "dom0 is alone; a guest shows this elsewhere"; }
    std::string lacks_granting() const override {
        const auto granter = port::xen::open_granter();
        return granter ? std::string() : granter.error().line();
    }
    std::string lacks_busy_end() const override {
        return "gntalloc ends a grant in use later, and does not say so";
    }
    std::string lacks_small_limits() const override { return "dom0's limits are too large to reach"; }
};

} // namespace

std::unique_ptr<World> make_world() {
    return std::make_unique<Xen_world>();
}

} // namespace xvm::test
