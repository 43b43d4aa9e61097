// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/print.hpp"

#include "libvmshare/base/suggest.hpp"
#include "toolstack/cli/cells.hpp"
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace xvm::cli {
namespace json = boost::json;
namespace {

using model::Field;
using model::Schema;
using model::Type;

/// The schema whose objects are rows: of the table, or of the only line.
const Schema& row_schema(const Schema& schema) {
    if (schema.rows.empty()) return schema;
    const Field* rows = model::find_field(schema, schema.rows);
    const Schema* found = rows != nullptr ? model::find_schema(rows->schema) : nullptr;
    return found != nullptr ? *found : schema;
}

bool is_scalar(const Field& field) {
    return field.type != Type::object && field.type != Type::objects;
}

Columns usual_columns(const Schema& schema) {
    Columns columns;
    for (const Field& field : schema.fields)
        if (!field.heading.empty()) columns.push_back(&field);
    if (columns.empty())
        for (const Field& field : schema.fields)
            if (is_scalar(field)) columns.push_back(&field);
    return columns;
}

/// The rows of an answer: its objects, or itself.
std::vector<const json::value*> rows_of(const Schema& schema, const json::value& answer) {
    if (schema.rows.empty()) return {&answer};
    std::vector<const json::value*> rows;
    if (const json::value* list = member(answer, schema.rows); list != nullptr && list->is_array())
        for (const json::value& row : list->get_array())
            rows.push_back(&row);
    return rows;
}

std::string heading_of(const Field& field) {
    if (!field.heading.empty()) return std::string(field.heading);
    std::string heading = fact_name(field);
    std::transform(heading.begin(), heading.end(), heading.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return heading;
}

std::string quoted_for_csv(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted.append(c == '"' ? 2 : 1, c);
    return quoted += '"';
}

std::string table_of(const Columns& columns, const std::vector<const json::value*>& rows, bool header,
                     bool drop_empty) {
    command::Rows cells(rows.size() + 1);
    for (const Field* field : columns) {
        const auto text = [&](const json::value* row) { return shown(*field, member(*row, field->name)); };
        const bool is_empty = std::all_of(rows.begin(), rows.end(), [&](const json::value* row) {
            return plain(member(*row, field->name)).empty();
        });
        if (drop_empty && is_empty && !rows.empty()) continue;
        cells[0].push_back((is_number(*field) ? ">" : "") + (header ? heading_of(*field) : ""));
        for (std::size_t row = 0; row < rows.size(); ++row)
            cells[row + 1].push_back(text(rows[row]));
    }
    std::string text = command::table_text(cells);
    if (!header) text.erase(0, text.find('\n') + 1);
    return text;
}

/// "name  value" lines, and a table below for each list of objects.
std::string facts_of(const Schema& schema, const Columns& chosen, const json::value& answer) {
    command::Facts facts;
    std::string tables;
    for (const Field& field : schema.fields) {
        const json::value* value = member(answer, field.name);
        if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), &field) == chosen.end()) continue;
        if (value == nullptr && !field.required) continue;
        if (field.shown_as == "raw") {
            tables += "\n" + plain(value);
        } else if (field.type == Type::objects) {
            const Schema* rows = model::find_schema(field.schema);
            if (value == nullptr || !value->is_array() || value->get_array().empty() || rows == nullptr)
                continue;
            std::vector<const json::value*> items;
            for (const json::value& item : value->get_array())
                items.push_back(&item);
            tables += "\n" + table_of(usual_columns(*rows), items, true, true);
        } else {
            facts.emplace_back(fact_name(field), shown(field, value));
        }
    }
    return command::facts_text(facts) + tables;
}

/// The model's sentence with its fields filled in.
std::string sentence(std::string_view said, const Schema& schema, const json::value& answer) {
    std::string text;
    for (std::size_t at = 0; at < said.size();) {
        const std::size_t open = std::min(said.find('{', at), said.size());
        text += said.substr(at, open - at);
        const std::size_t close = std::min(said.find('}', open), said.size());
        if (open < said.size()) {
            const std::string_view name = said.substr(open + 1, close - open - 1);
            if (const Field* field = model::find_field(schema, name))
                text += shown(*field, member(answer, name));
            at = close + 1;
        } else {
            at = open;
        }
    }
    return text + "\n";
}

std::string for_people(const Arguments& arguments, const Columns& columns, const Schema& schema,
                       const json::value& answer) {
    const model::Verb& verb = arguments.verb();
    const bool chosen = arguments.given("columns") != nullptr;
    if (schema.fields.size() == 1 && schema.fields[0].shown_as == "raw")
        return plain(member(answer, schema.fields[0].name));
    if (schema.name == "xvm.operation/1" && verb.result != schema.name)
        return "operation " + plain(member(answer, "id")) + " goes on; 'xvm operation list' shows it\n";
    if (schema.name == verb.result && !verb.said.empty() && !chosen)
        return sentence(verb.said, schema, answer);
    if (schema.rows.empty()) return facts_of(schema, chosen ? columns : Columns{}, answer);
    const std::vector<const json::value*> rows = rows_of(schema, answer);
    if (rows.empty() && !schema.nothing.empty() && !chosen) return sentence(schema.nothing, schema, answer);
    return table_of(columns, rows, !arguments.is_on("no_header"), !chosen);
}

/// A row as an object of its own: it says what it is.
std::string object_line(const Schema& schema, const json::value& row) {
    json::object object;
    object["schema"] = json::string_view(schema.name);
    if (const json::object* members = row.if_object())
        for (const auto& [key, value] : *members)
            object[key] = value;
    return json::serialize(object) + "\n";
}

} // namespace

Result<Columns> columns_of(const Arguments& arguments) {
    const Schema* schema = model::find_schema(arguments.verb().result);
    if (schema == nullptr) return Columns{};
    const Schema& rows = row_schema(*schema);
    if (arguments.given("columns") == nullptr) return usual_columns(rows);
    Columns columns;
    const std::string names = arguments.text("columns");
    for (std::size_t at = 0; at <= names.size();) {
        const std::size_t comma = std::min(names.find(',', at), names.size());
        const std::string name = names.substr(at, comma - at);
        const Field* field = model::find_field(rows, name);
        if (field == nullptr) {
            std::vector<std::string_view> known;
            std::string all;
            for (const Field& one : rows.fields) {
                known.push_back(one.name);
                all.append(all.empty() ? "" : ", ").append(one.name);
            }
            const auto near = nearest(name, known);
            return fail(Fault::usage, std::string(arguments.verb().words), "no column '" + name + "'",
                        near ? "did you mean '" + std::string(*near) + "'?" : "choose of " + all);
        }
        columns.push_back(field);
        at = comma + 1;
    }
    return columns;
}

std::string heading_line(const Arguments& arguments, const Columns& columns) {
    if (arguments.format() != Format::csv || arguments.is_on("no_header")) return {};
    std::string line;
    for (const Field* field : columns)
        line.append(line.empty() ? "" : ",").append(field->name);
    return line + "\n";
}

std::string row_line(const Arguments& arguments, const Columns& columns, const json::value& row) {
    if (arguments.format() == Format::json || arguments.format() == Format::jsonl)
        return json::serialize(row) + "\n";
    std::string line;
    const bool csv = arguments.format() == Format::csv;
    bool first = true;
    for (const Field* field : columns) {
        const json::value* value = member(row, field->name);
        const std::string cell = csv ? quoted_for_csv(plain(value)) : shown(*field, value);
        if (!csv && cell == "-") continue;
        line.append(first ? "" : csv ? "," : "  ").append(cell);
        first = false;
    }
    return line + "\n";
}

std::string answer_text(const Arguments& arguments, const Columns& columns, const json::value& answer) {
    if (arguments.format() == Format::json) return command::json_text(answer);
    // What was asked for may be answered otherwise: with a plan, or an operation.
    const Schema* schema = model::find_schema(plain(member(answer, "schema")));
    if (schema == nullptr) schema = model::find_schema(arguments.verb().result);
    if (schema == nullptr) return command::json_text(answer);
    const Columns here =
        schema->name == arguments.verb().result ? columns : usual_columns(row_schema(*schema));
    if (arguments.format() == Format::table) return for_people(arguments, here, *schema, answer);
    std::string text = heading_line(arguments, here);
    for (const json::value* row : rows_of(*schema, answer))
        text += arguments.format() == Format::jsonl ? object_line(row_schema(*schema), *row)
                                                    : row_line(arguments, here, *row);
    return text;
}

} // namespace xvm::cli
