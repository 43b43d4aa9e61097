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
    XVM_TRY_LET(const std::string kind, store.read(schema::path(dir, config::kind)));
    XVM_TRY_LET(const std::string mode, store.read(schema::path(dir, config::mode)));
    Disk_config disk;
    XVM_TRY_LET(disk.path, store.read(schema::path(dir, config::path)));
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
