// SPDX-License-Identifier: Apache-2.0
// That a store has one fault, and which.
#pragma once

#include "xenstore-schema/lint.hpp"

#include <catch2/catch.hpp>

namespace xvm::schema {

/// The one finding there is.
inline Finding only(const Store_image& image) {
    const auto findings = lint(image);
    for (const auto& finding : findings)
        UNSCOPED_INFO(name(finding.rule) << " " << finding.path << ": " << finding.what);
    REQUIRE(findings.size() == 1);
    CHECK_FALSE(findings[0].what.empty());
    CHECK_FALSE(findings[0].writer.empty());
    CHECK_FALSE(findings[0].why.empty());
    CHECK_FALSE(findings[0].remedy.empty());
    return findings.front();
}

inline void only(const Store_image& image, Rule rule, const std::string& path) {
    const Finding finding = only(image);
    CHECK(name(finding.rule) == name(rule));
    CHECK(finding.path == path);
}

} // namespace xvm::schema
