// SPDX-License-Identifier: Apache-2.0
// The web page that the service has: {"style", "body", "script"}, made at build of the files in web/.
#pragma once

#include <boost/json/object.hpp>

namespace xvm::service {

[[nodiscard]] boost::json::object web_page();

} // namespace xvm::service
