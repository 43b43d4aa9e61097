// SPDX-License-Identifier: Apache-2.0
// The one model of what xvm can be asked: verbs, their parameters, and the fields of the answers. The
// command, xvmd's routes and its checks of parameters, the man page, completion, OpenAPI and JSON schemas
// are all made from it. The tables are generated from the .toml files beside this header (generate.py).
//
// Invariant: ids, words (aliases among them) and (method, route) are unique; every {name} of a route is a
// path parameter of the verb and the other way round; required parameters come before the others; `result`
// names a schema of schemas(), or is empty for what only the API has. generate.py refuses a model that breaks
// it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace xvm::model {

enum class Type : std::uint8_t {
    text,
    integer,
    boolean,
    size,     ///< text such as "256MiB"; bytes
    duration, ///< text such as "30s"; milliseconds
    file,     ///< path of a file, made absolute by the command
    domain,   ///< name, domid or uuid
    config,   ///< name of a stored configuration
    list,     ///< of texts
    object,   ///< of the schema `schema`
    objects,  ///< a list of them
};

enum class Where : std::uint8_t {
    path,  ///< a {name} of the route
    query, ///< ?name=value
    body,  ///< a key of the JSON body
    whole, ///< the body itself, its bytes (content type application/toml)
    local, ///< the command's own: never sent
};

struct Parameter {
    std::string_view name; ///< "timeout": also the long option, with '-' for '_'
    Type type = Type::text;
    Where where = Where::query;
    bool required = false;
    bool positional = false;
    char letter = 0; ///< of the short option; 0: none
    /// Default, as a user would write it; empty: none. A boolean with "1" is turned off by --no-NAME.
    std::string_view initial;
    std::span<const std::string_view> choices;
    std::string_view placeholder; ///< "SIZE"
    std::string_view summary;
    bool hidden = false; ///< the command fills it in by itself: no option of it
};

struct Verb {
    std::string_view id;     ///< "disk.attach"
    std::string_view words;  ///< "disk attach"; empty: only the API has it
    std::string_view alias;  ///< "attach"; empty: none
    std::string_view method; ///< empty: the command does it by itself
    std::string_view route;  ///< "/v1/domains/{id}/disks"
    std::string_view summary;
    std::string_view details; ///< for --help and the man page
    std::string_view result;  ///< name of a schema: "xvm.disk/1"
    bool mutating = false;
    bool streaming = false; ///< answers with one JSON object a line, until the client goes
    std::span<const Parameter> parameters;
    std::string_view said; ///< the table's stead: "domain '{name}' is {state}"; empty: the result is shown
};

struct Field {
    std::string_view name; ///< "memory_bytes"
    Type type = Type::text;
    std::string_view schema;  ///< of object and objects: "xvm.disk/1"
    std::string_view heading; ///< of its column in a table: "MEMORY"; empty: not in the table
    /// How people see it: "", "raw" (the text alone), "mebibytes", "bytes", "cpu_time", "time", "yes_no",
    /// "permille" (as percent), "nanoseconds" ("12.3 us").
    std::string_view shown_as;
    bool required = true; ///< always there, and never null
    std::string_view summary;
    std::string_view label; ///< among facts, instead of its name
};

struct Schema {
    std::string_view name; ///< "xvm.domain/1"
    std::string_view rows; ///< the field whose objects are the table's rows; empty: facts, one a line
    std::string_view summary;
    std::span<const Field> fields;
    std::string_view nothing; ///< told instead of a table without rows: "domain '{name}' has no disk"
};

[[nodiscard]] std::span<const Verb> verbs() noexcept;
[[nodiscard]] std::span<const Schema> schemas() noexcept;
/// The options that every verb of the command has: --output, --socket, …
[[nodiscard]] std::span<const Parameter> common_options() noexcept;
[[nodiscard]] const Verb* find_verb(std::string_view id) noexcept;
[[nodiscard]] const Schema* find_schema(std::string_view name) noexcept;
[[nodiscard]] const Field* find_field(const Schema& schema, std::string_view name) noexcept;

} // namespace xvm::model
