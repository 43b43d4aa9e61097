// SPDX-License-Identifier: Apache-2.0
// What xvmd is doing, and what is happening.
#include "daemons/common/json_reply.hpp"
#include "daemons/xvmd/verbs.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;

void add_operation_verbs(Verbs& verbs, Service& service) {
    verbs.direct("operation.list", [&service](const Call&, const daemon::Reply& reply) {
        json::array operations;
        for (const auto& operation : service.operations.all())
            operations.push_back(operation->json());
        reply.send(daemon::json_response(
            json::object{{"schema", "xvm.operations/1"}, {"operations", std::move(operations)}}));
    });
    verbs.direct("operation.cancel", [&service](const Call& call, const daemon::Reply& reply) {
        const auto operation = service.operations.find(static_cast<std::uint64_t>(call.integer("operation")));
        if (operation == nullptr)
            return reply.send(daemon::failure_response(
                Error{Fault::not_found, "operation " + std::to_string(call.integer("operation")),
                      "no such operation", "'xvm operation list' shows those there are"}));
        if (!operation->over()) operation->cancel();
        reply.send(daemon::json_response(operation->json()));
    });
    verbs.direct("events", [&service](const Call& call, const daemon::Reply& reply) {
        service.events.follow(reply, call.has("after")
                                         ? std::optional(static_cast<std::uint64_t>(call.integer("after")))
                                         : std::nullopt);
    });
}

} // namespace xvm::xvmd
