// SPDX-License-Identifier: Apache-2.0
// The port under test. Each world has a file of its own that defines make_world().
#pragma once

#include "libvmshare/port/events.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/store.hpp"

#include <memory>
#include <string>

namespace xvm::test {

/// One process of one domain. Its destruction is the process's death.
class Actor {
  public:
    virtual ~Actor() = default;
    [[nodiscard]] virtual Domid domid() const = 0;
    [[nodiscard]] virtual port::Events& events() = 0;
    [[nodiscard]] virtual port::Grants& grants() = 0;
    /// Null where this world's domains cannot grant.
    [[nodiscard]] virtual port::Granter* granter() = 0;
    [[nodiscard]] virtual port::Store& store() = 0;
};

class World {
  public:
    virtual ~World() = default;

    /// A process of dom0.
    [[nodiscard]] virtual std::unique_ptr<Actor> near() = 0;
    /// A process of the domain it talks to: another domain where the world has one, else dom0 again.
    [[nodiscard]] virtual std::unique_ptr<Actor> far() = 0;

    /// Why the world cannot show the contract's sentence, or empty.
    [[nodiscard]] virtual std::string lacks_far_domain() const { return {}; } ///< far() is not dom0
    [[nodiscard]] virtual std::string lacks_granting() const { return {}; }
    [[nodiscard]] virtual std::string lacks_busy_end() const { return {}; } ///< Granter::end() says busy
    [[nodiscard]] virtual std::string lacks_small_limits() const { return {}; }

    /// A domain that comes and goes: the store has not heard of it.
    [[nodiscard]] virtual Domid begin_domain() { return Domid{}; }
    virtual void end_domain(Domid) {}

    /// A directory of this test's own in the store; removed with the world.
    [[nodiscard]] virtual std::string directory() const { return "/xvm/contract"; }
};

[[nodiscard]] std::unique_ptr<World> make_world();

} // namespace xvm::test
