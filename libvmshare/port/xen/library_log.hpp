// SPDX-License-Identifier: Apache-2.0
// What libxenctrl and libxenguest say of a failure. errno alone says "Invalid argument" where the
// library's log says "no loader found": this log is kept, and becomes the cause of the Error.
//
// Invariant: the library prints nothing; at most `lines_max` lines are held, however much it logs.
#pragma once

#include "libvmshare/base/result.hpp"

extern "C" {
#include <xentoollog.h>
}

#include <string>
#include <string_view>
#include <vector>

namespace xvm::port::xen {

class Library_log final : private xentoollog_logger {
  public:
    Library_log() noexcept;
    Library_log(const Library_log&) = delete;
    Library_log& operator=(const Library_log&) = delete;

    /// For xc_interface_open(); must outlive the handle.
    [[nodiscard]] xentoollog_logger* logger() noexcept { return this; }

    /// Forgets what was logged before; call it before what may fail.
    void clear() noexcept { lines_.clear(); }
    /// The first thing that went wrong since clear(), without the library's decoration; may be empty.
    [[nodiscard]] std::string cause() const { return lines_.empty() ? std::string() : lines_.front(); }
    /// Whether any line since clear() contains `text`.
    [[nodiscard]] bool mentions(std::string_view text) const;

    static constexpr std::size_t lines_max = 8;

  private:
    static void take(xentoollog_logger* self, xentoollog_level level, int error_number, const char* context,
                     const char* format, va_list arguments) __attribute__((format(printf, 5, 0)));

    std::vector<std::string> lines_;
};

/// "panic: xg_dom_core.c:689: xc_dom_find_loader: no loader found: Invalid kernel" →
/// "no loader found: Invalid kernel"; a trailing ": Internal error" says nothing and goes too.
[[nodiscard]] std::string plain_line(std::string_view line);

} // namespace xvm::port::xen
