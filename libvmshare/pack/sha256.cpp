// SPDX-License-Identifier: Apache-2.0
// By libcrypto's functions for this one sum, which its version 3 would have us call through EVP: linked
// statically, these are 20 KiB, and EVP is four MiB of algorithms and their registry (docs/performance.md).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "libvmshare/pack/sha256.hpp"

#include "libvmshare/base/assert.hpp"

#include <algorithm>
#include <openssl/sha.h>

namespace xvm::pack {

// They cannot fail: a sum of a state in memory.
Sha256::Sha256() : state_(new SHA256state_st) {
    XVM_ASSERT(SHA256_Init(state_.get()) == 1);
}

void Sha256::update(std::span<const std::byte> bytes) {
    XVM_ASSERT(SHA256_Update(state_.get(), bytes.data(), bytes.size()) == 1);
}

void Sha256::update_zeros(std::uint64_t count) {
    static constexpr std::array<std::byte, 65536> zeros{};
    while (count > 0) {
        const auto step = std::min<std::uint64_t>(count, zeros.size());
        update(std::span(zeros).first(static_cast<std::size_t>(step)));
        count -= step;
    }
}

Sum Sha256::finish() {
    Sum sum{};
    XVM_ASSERT(SHA256_Final(reinterpret_cast<unsigned char*>(sum.data()), state_.get()) == 1);
    XVM_ASSERT(SHA256_Init(state_.get()) == 1);
    return sum;
}

void Sha256::Free::operator()(SHA256state_st* state) const noexcept {
    delete state;
}

Sum sha256(std::span<const std::byte> bytes) {
    Sha256 state;
    state.update(bytes);
    return state.finish();
}

} // namespace xvm::pack
