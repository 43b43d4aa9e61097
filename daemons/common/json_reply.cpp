// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/json_reply.hpp"

#include <boost/json/serialize.hpp>

namespace xvm::daemon {

Response json_response(const boost::json::value& value, unsigned status) {
    Response response;
    response.status = status;
    response.body = boost::json::serialize(value) + "\n";
    return response;
}

Response failure_response(const api::Failure& failure) {
    // Who knows no remedy still knows where more is said.
    api::Failure told = failure;
    if (told.remedy.empty()) told.remedy = "see what led to it: journalctl -u 'xvm*'";
    return json_response(api::failure_json(told), api::http_status(told.fault));
}

} // namespace xvm::daemon
