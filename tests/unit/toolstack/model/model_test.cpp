// SPDX-License-Identifier: Apache-2.0
#include "toolstack/model/model.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace xvm::model;

TEST_CASE("Ids, words and routes of verbs are unique") {
    std::set<std::string> ids;
    std::set<std::string> words;
    std::set<std::string> routes;
    for (const Verb& verb : verbs()) {
        CAPTURE(verb.id);
        CHECK(ids.insert(std::string(verb.id)).second);
        if (!verb.words.empty()) CHECK(words.insert(std::string(verb.words)).second);
        if (!verb.alias.empty()) CHECK(words.insert(std::string(verb.alias)).second);
        if (!verb.method.empty())
            CHECK(routes.insert(std::string(verb.method) + " " + std::string(verb.route)).second);
        CHECK((!verb.words.empty() || !verb.route.empty()));
        CHECK(verb.mutating == (!verb.method.empty() && verb.method != "GET"));
    }
    CHECK(ids.size() >= 40);
}

TEST_CASE("A verb's required parameters come first, and those of its path stand in its route") {
    for (const Verb& verb : verbs()) {
        std::size_t in_route = 0;
        bool optional_seen = false;
        for (const Parameter& parameter : verb.parameters) {
            CAPTURE(verb.id, parameter.name);
            CHECK_FALSE((parameter.required && optional_seen));
            optional_seen = optional_seen || !parameter.required;
            if (parameter.where == Where::path)
                CHECK(verb.route.find("{" + std::string(parameter.name) + "}") != std::string_view::npos);
            in_route += parameter.where == Where::path ? 1 : 0;
            CHECK((parameter.choices.empty() || parameter.initial.empty() ||
                   std::find(parameter.choices.begin(), parameter.choices.end(), parameter.initial) !=
                       parameter.choices.end()));
        }
        CAPTURE(verb.id);
        CHECK(static_cast<std::size_t>(std::count(verb.route.begin(), verb.route.end(), '{')) == in_route);
    }
}

TEST_CASE("Every verb of the command has a result, and every object a schema that exists") {
    for (const Verb& verb : verbs())
        if (!verb.words.empty()) CHECK(find_schema(verb.result) != nullptr);
    for (const Schema& schema : schemas()) {
        CAPTURE(schema.name);
        if (!schema.rows.empty()) {
            const Field* rows = find_field(schema, schema.rows);
            REQUIRE(rows != nullptr);
            CHECK(rows->type == Type::objects);
        }
        for (const Field& field : schema.fields) {
            CAPTURE(field.name);
            if (field.type == Type::objects) CHECK_FALSE(field.schema.empty());
            if (!field.schema.empty()) CHECK(find_schema(field.schema) != nullptr);
        }
    }
}

TEST_CASE("A verb, a schema and a field are found by name, or not at all") {
    REQUIRE(find_verb("disk.attach") != nullptr);
    CHECK(find_verb("disk.attach")->words == "disk attach");
    CHECK(find_verb("disk attach") == nullptr);
    REQUIRE(find_schema("xvm.domain/1") != nullptr);
    CHECK(find_field(*find_schema("xvm.domain/1"), "memory_bytes")->heading == "MEMORY");
    CHECK(find_field(*find_schema("xvm.domain/1"), "memory") == nullptr);
    CHECK(find_schema("xvm.domain/2") == nullptr);
}
