// SPDX-License-Identifier: Apache-2.0
// The outcome of an operation that the world may refuse.
//
// Invariant: an Error names what was tried, on which object, why it did not work and, where xvm
// knows one, the remedy. Its Fault is the kind of refusal; the command's exit code is made from it
// and from nothing else (docs/decisions/0004-exit-codes.md).
//
// A guest's misbehaviour is not an Error: parsers answer it with a verdict of their own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace xvm {

/// The kinds of refusal; the values are the exit codes of every xvm program.
enum class Fault : std::uint8_t {
    failed = 1,      ///< anything that no other kind says
    usage = 2,       ///< command line or configuration
    not_found = 3,   ///< no such domain, file, pack entry
    busy = 4,        ///< in use, or a name that is taken
    exhausted = 5,   ///< not enough memory, grants, ports, disk, quota
    timeout = 6,     ///< no answer in time
    denied = 7,      ///< not permitted
    unreachable = 8, ///< daemon or Xen does not answer
    leftovers = 9,   ///< undone, but something stayed behind (named in the cause)
};

struct Error {
    Fault fault = Fault::failed;
    std::string object; ///< what it is about: "guest.toml:3:1", "domain 'web'", "/dev/xen/gntdev"
    std::string cause;  ///< why, in words: "unknown key 'memmory'"
    std::string remedy; ///< what to do, or empty: "did you mean 'memory'?"

    /// One line: "object: cause; remedy".
    [[nodiscard]] std::string line() const {
        std::string text = object.empty() ? cause : object + ": " + cause;
        if (!remedy.empty()) text += "; " + remedy;
        return text;
    }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Fault fault, std::string object, std::string cause,
                                                std::string remedy = {}) {
    return tl::unexpected<Error>(Error{fault, std::move(object), std::move(cause), std::move(remedy)});
}

/// The error of a system call: "operation: strerror(error_number)", its Fault chosen by errno
/// (ENOENT → not_found, EBUSY/EEXIST → busy, ENOMEM/ENOSPC/… → exhausted, EACCES/EPERM → denied,
/// ETIMEDOUT → timeout, ECONNREFUSED → unreachable).
[[nodiscard]] tl::unexpected<Error> fail_errno(int error_number, std::string object,
                                               std::string_view operation, std::string remedy = {});

} // namespace xvm

/// Leaves the enclosing function with the error of `expr`, if it has one.
#define XVM_TRY(expr)                                                                                        \
    do {                                                                                                     \
        if (auto xvm_try_result = (expr); !xvm_try_result)                                                   \
            return tl::unexpected<::xvm::Error>(std::move(xvm_try_result.error()));                          \
    } while (0)

#define XVM_TRY_JOIN2(a, b) a##b
#define XVM_TRY_JOIN(a, b) XVM_TRY_JOIN2(a, b)
/// `XVM_TRY_LET(auto x, make_x());` declares x, or leaves the function with the error.
#define XVM_TRY_LET(decl, expr)                                                                              \
    auto XVM_TRY_JOIN(xvm_try_, __LINE__) = (expr);                                                          \
    if (!XVM_TRY_JOIN(xvm_try_, __LINE__))                                                                   \
        return tl::unexpected<::xvm::Error>(std::move(XVM_TRY_JOIN(xvm_try_, __LINE__).error()));            \
    decl = std::move(*XVM_TRY_JOIN(xvm_try_, __LINE__))
