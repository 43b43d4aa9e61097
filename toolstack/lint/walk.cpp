// SPDX-License-Identifier: Apache-2.0
#include "toolstack/lint/walk.hpp"

#include "libvmshare/base/scope_guard.hpp"
#include "xenstore-schema/survey.hpp"

#include <array>
#include <utility>
#include <vector>

namespace xvm::lint_tool {
namespace {

constexpr std::array roots{"/local/domain", "/vm", "/libxl", "/xvm"};

schema::Access access_of(port::Store_access access) {
    switch (access) {
    case port::Store_access::none:
        return schema::Access::none;
    case port::Store_access::read:
        return schema::Access::read;
    case port::Store_access::write:
        return schema::Access::write;
    case port::Store_access::both:
        return schema::Access::both;
    }
    return schema::Access::none;
}

Result<schema::Entry> read_entry(port::Store& store, const std::string& path, port::Txn txn) {
    schema::Entry entry;
    XVM_TRY_LET(entry.value, store.read(path, txn));
    XVM_TRY_LET(const auto permissions, store.permissions(path, txn));
    entry.permissions.emplace();
    for (const port::Store_permission& permission : permissions)
        entry.permissions->push_back({permission.domid, access_of(permission.access)});
    return entry;
}

Status read_nodes(port::Store& store, port::Txn txn, std::size_t nodes_max, schema::Store_image& image) {
    std::vector<std::string> todo(roots.begin(), roots.end());
    while (!todo.empty()) {
        const std::string path = std::move(todo.back());
        todo.pop_back();
        auto names = store.list(path, txn);
        if (!names) {
            if (names.error().fault == Fault::not_found) continue; // a root that nobody has made
            return tl::unexpected<Error>(std::move(names.error()));
        }
        if (image.nodes.size() + todo.size() + names->size() >= nodes_max)
            return fail(Fault::exhausted, "the store", "more than " + std::to_string(nodes_max) + " nodes");
        XVM_TRY_LET(image.nodes[path], read_entry(store, path, txn));
        for (const std::string& name : *names)
            todo.push_back(path + "/" + name);
    }
    return {};
}

Status read_living(port::Store& store, schema::Store_image& image) {
    std::set<Domid> named;
    for (const auto& [path, entry] : image.nodes)
        if (const auto domid = schema::domain_of(path)) named.insert(*domid);
    image.live.emplace();
    for (const Domid domid : named) {
        XVM_TRY_LET(const bool lives, store.present(domid));
        if (lives) image.live->insert(domid);
    }
    return {};
}

} // namespace

Result<schema::Store_image> read_store(port::Store& store, std::size_t nodes_max) {
    schema::Store_image image;
    {
        XVM_TRY_LET(const port::Txn txn, store.begin());
        const Scope_guard end([&store, txn] { store.abort(txn); });
        XVM_TRY(read_nodes(store, txn, nodes_max, image));
    }
    XVM_TRY(read_living(store, image));
    return image;
}

} // namespace xvm::lint_tool
