// SPDX-License-Identifier: Apache-2.0
// One world, the noop guest, and helpers that hold for worlds where things take a moment.
#pragma once

#include "tests/contract/domains/noop_kernel.hpp"
#include "tests/contract/domains/world.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

namespace xvm::test {

/// A Result's value; without one the test fails with the error's line.
template <class T>
T value(Result<T> result) {
    if (!result) FAIL(result.error().line());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// True as soon as `condition()` holds; false if it does not for ten seconds.
template <class Condition>
[[nodiscard]] bool comes_true(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

class Domains_fixture {
  public:
    Domains_fixture() : domains(value(open_world())), before(settled_free_bytes()) {}
    ~Domains_fixture() {
        for (const Domid domid : made)
            static_cast<void>(domains->destroy(domid));
    }
    Domains_fixture(const Domains_fixture&) = delete;
    Domains_fixture& operator=(const Domains_fixture&) = delete;

    [[nodiscard]] static port::Domain_shape shape(port::Guest_type type,
                                                  std::uint64_t memory_bytes = 16ULL << 20) {
        return {Uuid::random(), type, 1, memory_bytes, memory_bytes};
    }
    [[nodiscard]] bool can(port::Guest_type type) {
        const auto host = value(domains->host());
        return std::any_of(host.capabilities.begin(), host.capabilities.end(),
                           [type](const std::string& word) {
                               return word.starts_with(type == port::Guest_type::pv ? "xen-" : "hvm-");
                           });
    }
    Domid create(const port::Domain_shape& shape) {
        const Domid domid = value(domains->create(shape));
        made.push_back(domid);
        return domid;
    }
    port::Built_domain build(Domid domid, const port::Domain_shape& shape, Noop behaviour = Noop::waits) {
        const auto kernel = noop_kernel(behaviour);
        return value(domains->build(domid, shape, {kernel, {}, ""}));
    }
    [[nodiscard]] bool is_gone(Domid domid) {
        const auto info = domains->info(domid);
        return !info && info.error().fault == Fault::not_found;
    }
    /// Nothing is left of any domain made: neither listed, nor its memory.
    void check_clean() {
        for (const Domid domid : made)
            CHECK(comes_true([&] { return is_gone(domid); }));
        CHECK(comes_true([&] { return domains->host()->free_bytes == before; }));
        CHECK(domains->host()->free_bytes == before);
    }

    std::unique_ptr<port::Domains> domains;
    std::vector<Domid> made;
    std::uint64_t before = 0; ///< free bytes of the host at the start

  private:
    /// Xen gives the last pages of a domain back some time after it has left the list: free memory that
    /// has stayed the same for a while is what an earlier test left.
    [[nodiscard]] std::uint64_t settled_free_bytes() {
        constexpr int same_readings = 10;
        std::uint64_t last = 0;
        for (int same = 0; same < same_readings; ++same) {
            const std::uint64_t now = value(domains->host()).free_bytes;
            if (now != last) same = 0;
            last = now;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return last;
    }
};

} // namespace xvm::test
