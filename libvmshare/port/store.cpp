// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/store.hpp"

namespace xvm::port {
namespace {

Status change(Store& store, const Store_change& one) {
    switch (one.kind) {
    case Store_change::Kind::write:
        return store.write(one.path, one.value);
    case Store_change::Kind::make:
        return store.make(one.path);
    case Store_change::Kind::permit:
        return store.set_permissions(one.path, one.permissions);
    case Store_change::Kind::remove:
        return store.remove(one.path);
    }
    return fail(Fault::failed, one.path, "no such change");
}

} // namespace

// For stores that gain nothing from more than one request at a time.

Status Store::change_all(std::span<const Store_change> changes) {
    for (const Store_change& one : changes)
        XVM_TRY(change(*this, one));
    return {};
}

Result<std::vector<std::optional<std::string>>> Store::read_all(std::span<const std::string> paths) {
    std::vector<std::optional<std::string>> values;
    for (const std::string& path : paths) {
        auto value = read(path);
        if (!value && value.error().fault != Fault::not_found)
            return tl::unexpected<Error>(std::move(value.error()));
        values.push_back(value ? std::optional(std::move(*value)) : std::nullopt);
    }
    return values;
}

} // namespace xvm::port
