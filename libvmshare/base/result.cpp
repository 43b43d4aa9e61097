// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/result.hpp"

#include <cerrno>
#include <system_error>

namespace xvm {
namespace {

Fault fault_of(int error_number) {
    switch (error_number) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
    case ENXIO:
        return Fault::not_found;
    case EBUSY:
    case EEXIST:
    case EADDRINUSE:
    case EAGAIN:
        return Fault::busy;
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case E2BIG:
        return Fault::exhausted;
    case ETIMEDOUT:
        return Fault::timeout;
    case EACCES:
    case EPERM:
    case EROFS:
        return Fault::denied;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
        return Fault::unreachable;
    default:
        return Fault::failed;
    }
}

} // namespace

tl::unexpected<Error> fail_errno(int error_number, std::string object, std::string_view operation,
                                 std::string remedy) {
    // generic_category().message, not strerror: it is safe with threads.
    std::string cause = std::string(operation) + ": " + std::generic_category().message(error_number);
    return fail(fault_of(error_number), std::move(object), std::move(cause), std::move(remedy));
}

} // namespace xvm
