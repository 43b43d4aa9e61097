// SPDX-License-Identifier: Apache-2.0
#include "toolstack/model/model.hpp"

#include <algorithm>

namespace xvm::model {

const Verb* find_verb(std::string_view id) noexcept {
    const auto all = verbs();
    const auto found = std::find_if(all.begin(), all.end(), [id](const Verb& verb) { return verb.id == id; });
    return found != all.end() ? &*found : nullptr;
}

const Schema* find_schema(std::string_view name) noexcept {
    const auto all = schemas();
    const auto found =
        std::find_if(all.begin(), all.end(), [name](const Schema& schema) { return schema.name == name; });
    return found != all.end() ? &*found : nullptr;
}

const Field* find_field(const Schema& schema, std::string_view name) noexcept {
    const auto found = std::find_if(schema.fields.begin(), schema.fields.end(),
                                    [name](const Field& field) { return field.name == name; });
    return found != schema.fields.end() ? &*found : nullptr;
}

} // namespace xvm::model
