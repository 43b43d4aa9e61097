// SPDX-License-Identifier: Apache-2.0
// Domains and the host in the API's words. Keys carry their units; each object names its schema, and a
// key once there keeps its meaning within a schema's number.
#pragma once

#include "toolstack/run/inventory.hpp"

#include <boost/json/object.hpp>

namespace xvm::xvmd {

/// "xvm.domain/1"
[[nodiscard]] boost::json::object domain_json(const run::Domain_entry& entry);
/// "xvm.disk/1", without its schema's name
[[nodiscard]] boost::json::object disk_json(const run::Disk_entry& disk);
/// "xvm.host/1"; `domains`: how many there are; `block_backend`: in words.
[[nodiscard]] boost::json::object host_json(const port::Host_info& host, std::size_t domains,
                                            const std::string& block_backend);
/// "xvm.disks/1": the domain's disks, each with what the backend counted for it. `served`: of
/// Block_service::disks(), or null when there is none.
[[nodiscard]] boost::json::object disks_json(const run::Domain_entry& entry,
                                             const boost::json::value& served);

} // namespace xvm::xvmd
