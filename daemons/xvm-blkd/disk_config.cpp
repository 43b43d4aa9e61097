// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/disk_config.hpp"

#include "xenstore-schema/nodes.hpp"

namespace xvm::blkd {
namespace {

namespace config = schema::xvbd::config;

tl::unexpected<Error> unknown(const std::string& dir, std::string_view node, const std::string& value,
                              const std::string& known) {
    return fail(Fault::usage, schema::path(dir, node), "holds '" + value + "'", "write " + known);
}

} // namespace

Result<Disk_config> read_config(port::Store& store, Vbd_id id) {
    const std::string dir = config::dir(id.guest, id.devid);
    const std::vector<std::string> paths{schema::path(dir, config::kind), schema::path(dir, config::mode),
                                         schema::path(dir, config::path)};
    XVM_TRY_LET(auto values, store.read_all(paths));
    for (std::size_t i = 0; i < paths.size(); ++i)
        if (!values[i]) return fail(Fault::not_found, paths[i], "no such node");
    const std::string kind = *values[0];
    const std::string mode = *values[1];
    Disk_config disk;
    disk.path = std::move(*values[2]);
    if (kind != "raw" && kind != "pack") return unknown(dir, config::kind, kind, "raw or pack");
    if (mode != "r" && mode != "w") return unknown(dir, config::mode, mode, "r or w");
    if (disk.path.empty() || disk.path[0] != '/')
        return unknown(dir, config::path, disk.path, "an absolute path");
    disk.kind = kind == "raw" ? Disk_kind::raw : Disk_kind::pack;
    disk.read_only = mode == "r" || disk.kind == Disk_kind::pack;
    return disk;
}

Result<block::Image> open_image(const Disk_config& config, block::Packs& packs) {
    if (config.kind == Disk_kind::pack) return packs.open(config.path);
    return block::Image::open_raw(config.path, config.read_only);
}

} // namespace xvm::blkd
