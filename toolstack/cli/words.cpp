// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/words.hpp"

#include "libvmshare/base/suggest.hpp"
#include "toolstack/cli/other_words.hpp"

#include <algorithm>
#include <optional>

namespace xvm::cli {

Result<Found_verb> find_words(const std::vector<std::string>& words) {
    const std::string two = words.size() > 1 ? words[0] + " " + words[1] : words[0];
    const model::Verb* one_word = nullptr;
    for (const model::Verb& verb : model::verbs()) {
        if (verb.words.empty()) continue;
        if (verb.words == two && words.size() > 1) return Found_verb{&verb, 2};
        if (verb.words == words[0] || verb.alias == words[0]) one_word = &verb;
    }
    if (one_word != nullptr) return Found_verb{one_word, 1};

    std::vector<std::string_view> names;
    std::vector<std::string_view> of_noun;
    std::string all_of_noun;
    for (const model::Verb& verb : model::verbs()) {
        if (verb.words.empty()) continue;
        names.push_back(verb.words);
        if (!verb.alias.empty()) names.push_back(verb.alias);
        if (!verb.words.starts_with(words[0] + " ")) continue;
        of_noun.push_back(verb.words);
        all_of_noun.append(all_of_noun.empty() ? "'" : "', '").append(verb.words);
    }
    const auto meant = [](std::optional<std::string_view> near) {
        return "did you mean '" + std::string(*near) + "'?";
    };
    if (!of_noun.empty()) {
        const auto near = words.size() > 1 ? nearest(two, of_noun) : std::nullopt;
        return fail(Fault::usage, "",
                    words.size() > 1 && near ? "unknown verb '" + two + "'"
                                             : "'" + words[0] + "' wants another word",
                    near ? meant(near) : "add one: " + all_of_noun + "'");
    }
    if (words[0].starts_with('-'))
        return fail(Fault::usage, "", "option '" + words[0] + "' stands before the verb",
                    "write it behind: xvm VERB " + words[0]);
    const auto* const other = std::find_if(other_words.begin(), other_words.end(),
                                           [&](const Other_word& one) { return one.word == words[0]; });
    if (other != other_words.end())
        return fail(Fault::usage, "", "unknown verb '" + words[0] + "'", meant(other->verb));
    auto near = nearest(words[0], names);
    if (!near) near = nearest(two, names);
    return fail(Fault::usage, "", "unknown verb '" + words[0] + "'",
                near ? meant(near) : "'xvm --help' lists the verbs");
}

} // namespace xvm::cli
