// SPDX-License-Identifier: Apache-2.0
// A machine's clocks for the timer page's tests: they stand still until a test moves them.
// Include it before the reader, whose counter it is.
#pragma once

#include <cstdint>

namespace xvm::test {
inline std::uint64_t counter_now = 0; ///< the processor's counter
inline unsigned counter_taken = 0;    ///< how often a reader took it
} // namespace xvm::test

#define XVM_TIME_COUNTER() (++::xvm::test::counter_taken, ::xvm::test::counter_now)
#define XVM_TIME_COUNTER_ORDERED() XVM_TIME_COUNTER()
#include "libvmshare/timer/reader.h"
#include "libvmshare/timer/writer.h"

#include <memory>

namespace xvm::test {

/// An owner of a page, whose clock and counter a test moves by hand.
struct Owner {
    static constexpr std::uint64_t hz = 2'596'000'000;
    std::unique_ptr<xvm_time_page> page = std::make_unique<xvm_time_page>();
    xvm_time_writer writer{};
    xvm_time_ref ref{.tick = 1000,
                     .counter = 5'000'000'000,
                     .ns = 77'000'000'000,
                     .error_ns = 20,
                     .utc_offset_ns = 1'700'000'000'000'000'000,
                     .tai_offset_s = 0,
                     .synchronised = false,
                     .counter_ok = true};
    double counter_rate = 1.0; ///< of the counter against its nominal frequency

    explicit Owner(std::uint64_t owner_id = 42, std::uint32_t tick_hz = 250) {
        xvm_time_writer_init(&writer, page.get(), XVM_TIME_OWNER_KERNEL, tick_hz, owner_id, hz);
    }
    /// Time passes for the machine; the page does not change.
    void pass(std::uint64_t ns) {
        ref.ns += ns;
        ref.counter += static_cast<std::uint64_t>(static_cast<double>(ns) * hz / 1e9 * counter_rate);
        counter_now = ref.counter;
    }
    void update() {
        xvm_time_writer_begin(&writer);
        xvm_time_writer_update(&writer, &ref);
    }
    /// That many ticks, each written.
    void run(unsigned ticks) {
        for (unsigned i = 0; i < ticks; ++i) {
            pass(page->constants.tick_ns);
            ++ref.tick;
            update();
        }
    }
    [[nodiscard]] xvm_time_reader reader(const xvm_time_local* local = nullptr) const {
        xvm_time_reader r;
        if (xvm_time_open(&r, page.get(), local) != XVM_TIME_OK) r.page = nullptr;
        return r;
    }
};

} // namespace xvm::test
