// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/words.hpp"

#include "toolstack/cli/other_words.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::cli;

namespace {

std::string said(const std::vector<std::string>& words) {
    const auto found = find_words(words);
    return found ? std::string(found->verb->words) : found.error().cause + "; " + found.error().remedy;
}

} // namespace

TEST_CASE("A verb is found by its words or its alias, a slip of the hand is told") {
    CHECK(said({"disk", "attach", "web"}) == "disk attach");
    CHECK(said({"ls"}) == "list");
    CHECK(said({"lits"}) == "unknown verb 'lits'; did you mean 'list'?");
    CHECK(said({"--socket", "/x", "list"}) ==
          "option '--socket' stands before the verb; write it behind: xvm VERB --socket");
}

TEST_CASE("The words of other tools are answered with the verb that does it") {
    CHECK(said({"stop", "web"}) == "unknown verb 'stop'; did you mean 'shutdown'?");
    CHECK(said({"block-attach"}) == "unknown verb 'block-attach'; did you mean 'disk attach'?");
    for (const Other_word& other : other_words) {
        INFO(other.word);
        const auto has = [](std::string_view words) {
            const auto& verbs = model::verbs();
            return std::any_of(verbs.begin(), verbs.end(), [&](const model::Verb& verb) {
                return verb.words == words || (!verb.alias.empty() && verb.alias == words);
            });
        };
        CHECK(has(other.verb));
        CHECK_FALSE(has(other.word)); // or it would never be read
    }
}
