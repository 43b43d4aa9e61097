// SPDX-License-Identifier: Apache-2.0
// What xvmd does for its clients: each request becomes a job of a worker.
//
// Invariant: changes of one guest follow each other; nothing here blocks the thread that serves sockets.
#pragma once

#include "daemons/common/router.hpp"
#include "daemons/xvmd/block_service.hpp"
#include "daemons/xvmd/workers.hpp"
#include "toolstack/run/engine.hpp"

namespace xvm::xvmd {

class Controller {
  public:
    /// `fail_at`: the step after which every create fails; empty: none.
    Controller(Workers& workers, const Block_service& block, std::string fail_at)
        : workers_(workers), block_(block), fail_at_(std::move(fail_at)) {}

    /// Adds the routes of the API (docs/man/xvmd.8.scd lists them). The Controller outlives the router.
    void add_routes(daemon::Router& router);

  private:
    using Request = daemon::Request;
    using Reply = daemon::Reply;

    void version(const Reply& reply) const;
    void host(const Reply& reply);
    void list(const Reply& reply);
    void show(const Request& request, const Reply& reply);
    void disks(const Request& request, const Reply& reply);
    void create(const Request& request, const Reply& reply);
    void destroy(const Request& request, const Reply& reply);

    void submit(std::string key, const Reply& reply, Workers::Job job);
    [[nodiscard]] run::Hooks hooks_for(const std::string& name) const;

    Workers& workers_;
    const Block_service& block_;
    std::string fail_at_;
};

} // namespace xvm::xvmd
