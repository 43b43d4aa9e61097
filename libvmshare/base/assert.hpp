// SPDX-License-Identifier: Apache-2.0
// XVM_ASSERT: states what only a bug of ours can break. It stays on in release builds.
// Nothing a guest, a file or a user can cause may be asserted: that is a verdict or an Error.
#pragma once

namespace xvm {
/// Writes "file:line: function: what" to standard error and aborts.
[[noreturn]] void assertion_failed(const char* what, const char* file, int line,
                                   const char* function) noexcept;
} // namespace xvm

#define XVM_ASSERT(condition)                                                                                \
    ((condition) ? static_cast<void>(0) : ::xvm::assertion_failed(#condition, __FILE__, __LINE__, __func__))
