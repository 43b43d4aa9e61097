// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/sha256.hpp"

#include "libvmshare/base/assert.hpp"

#include <algorithm>
#include <openssl/evp.h>

namespace xvm::pack {

// libcrypto refuses SHA-256 only where it is built without it or memory is out: neither is a verdict.
Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    XVM_ASSERT(context_ != nullptr);
    XVM_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(std::span<const std::byte> bytes) {
    XVM_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
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
    XVM_ASSERT(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(sum.data()), nullptr) ==
               1);
    XVM_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
    return sum;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

Sum sha256(std::span<const std::byte> bytes) {
    Sha256 state;
    state.update(bytes);
    return state.finish();
}

} // namespace xvm::pack
