// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry to policy_check.hpp.
#include "tests/fuzz/policy_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto limits = xvm::policy::test::tight();
    static_cast<void>(xvm::policy::test::check_order({data, size}, limits));
    return 0;
}
