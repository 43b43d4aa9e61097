// SPDX-License-Identifier: Apache-2.0
// A store with nothing to find fault with: domain 7 is xvm's, with one connected device; domain 9 is
// somebody else's. Tests break one thing in it and see that very thing found.
#pragma once

#include "xenstore-schema/dump.hpp"
#include "xenstore-schema/lint.hpp"

#include <string>

namespace xvm::schema {

inline constexpr const char* example_dump = R"(
/local = ""   (n0)
/local/domain = ""   (n0)
/local/domain/0 = ""   (n0)
/local/domain/0/name = "Domain-0"   (n0)
/local/domain/0/backend = ""   (n0)
/local/domain/0/backend/xvbd = ""   (n0)
/local/domain/0/backend/xvbd/7 = ""   (n0)
/local/domain/0/backend/xvbd/7/0 = ""   (n0,r7)
/local/domain/0/backend/xvbd/7/0/frontend = "/local/domain/7/device/xvbd/0"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/frontend-id = "7"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/online = "1"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/mode = "r"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/dev = "xvda"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/state = "4"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/protocol = "xvm-blk-1"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/ring-pages-max = "16"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/ring-features = "1"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/feature-flush = "1"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/segments-max = "512"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/sectors = "204800"   (n0,r7)
/local/domain/0/backend/xvbd/7/0/sector-bytes = "512"   (n0,r7)
/local/domain/7 = ""   (n0,r7)
/local/domain/7/name = "web"   (n0,r7)
/local/domain/7/vm = "/vm/11111111-2222-4333-8444-555555555555"   (n0,r7)
/local/domain/7/domid = "7"   (n0,r7)
/local/domain/7/cpu = ""   (n0,r7)
/local/domain/7/cpu/0 = ""   (n0,r7)
/local/domain/7/cpu/0/availability = "online"   (n0,r7)
/local/domain/7/memory = ""   (n0,r7)
/local/domain/7/memory/target = "131072"   (n0,r7)
/local/domain/7/memory/static-max = "131072"   (n0,r7)
/local/domain/7/memory/videoram = "0"   (n0,r7)
/local/domain/7/store = ""   (n0,r7)
/local/domain/7/store/port = "1"   (n0,r7)
/local/domain/7/store/ring-ref = "1044476"   (n0,r7)
/local/domain/7/console = ""   (n0,r7)
/local/domain/7/console/backend-id = "0"   (n0,r7)
/local/domain/7/console/type = "xenconsoled"   (n0,r7)
/local/domain/7/console/output = "pty"   (n0,r7)
/local/domain/7/console/limit = "1048576"   (n0,r7)
/local/domain/7/console/port = "2"   (n0,r7)
/local/domain/7/console/ring-ref = "1044477"   (n0,r7)
/local/domain/7/console/tty = "/dev/pts/1"   (n0,r7)
/local/domain/7/control = ""   (n7)
/local/domain/7/control/shutdown = ""   (n7)
/local/domain/7/control/sysrq = ""   (n7)
/local/domain/7/control/feature-poweroff = "1"   (n7)
/local/domain/7/control/feature-reboot = "1"   (n7)
/local/domain/7/control/feature-suspend = ""   (n7)
/local/domain/7/data = ""   (n7)
/local/domain/7/data/whatever/the/guest = "likes"   (n7,b9)
/local/domain/7/device = ""   (n0,r7)
/local/domain/7/device/xvbd = ""   (n0,r7)
/local/domain/7/device/xvbd/0 = ""   (n7,r0)
/local/domain/7/device/xvbd/0/backend = "/local/domain/0/backend/xvbd/7/0"   (n7,r0)
/local/domain/7/device/xvbd/0/backend-id = "0"   (n7,r0)
/local/domain/7/device/xvbd/0/dev = "xvda"   (n7,r0)
/local/domain/7/device/xvbd/0/state = "4"   (n7,r0)
/local/domain/7/device/xvbd/0/protocol = "xvm-blk-1"   (n7,r0)
/local/domain/7/device/xvbd/0/ring-pages = "2"   (n7,r0)
/local/domain/7/device/xvbd/0/ring-ref-0 = "8"   (n7,r0)
/local/domain/7/device/xvbd/0/ring-ref-1 = "9"   (n7,r0)
/local/domain/7/device/xvbd/0/event-channel = "5"   (n7,r0)
/local/domain/7/device/xvbd/0/ring-features = "1"   (n7,r0)
/local/domain/9 = ""   (n0,r9)
/local/domain/9/name = "somebody-elses"   (n0,r9)
/local/domain/9/vm = "/vm/99999999-2222-4333-8444-555555555555"   (n0,r9)
/local/domain/9/what-xvm-does-not-know = "1"   (n0,r9)
/vm = ""   (n0)
/vm/11111111-2222-4333-8444-555555555555 = ""   (n0)
/vm/11111111-2222-4333-8444-555555555555/name = "web"   (n0)
/vm/11111111-2222-4333-8444-555555555555/uuid = "11111111-2222-4333-8444-555555555555"   (n0)
/vm/99999999-2222-4333-8444-555555555555 = ""   (n0,r9)
/vm/99999999-2222-4333-8444-555555555555/image = ""   (n0,r9)
/libxl = ""   (n0)
/libxl/7 = ""   (n0)
/libxl/7/type = "pvh"   (n0)
/libxl/9 = ""   (n0)
/libxl/9/type = "pv"   (n0)
/xvm = ""   (n0)
/xvm/domain = ""   (n0)
/xvm/domain/7 = ""   (n0)
/xvm/domain/7/uuid = "11111111-2222-4333-8444-555555555555"   (n0)
/xvm/domain/7/name = "web"   (n0)
/xvm/domain/7/xvbd = ""   (n0)
/xvm/domain/7/xvbd/0 = ""   (n0)
/xvm/domain/7/xvbd/0/kind = "pack"   (n0)
/xvm/domain/7/xvbd/0/path = "/srv/images/web.pack"   (n0)
/xvm/domain/7/xvbd/0/mode = "r"   (n0)
/tool/xenstored = ""   (n0)
)";

inline const std::string front = "/local/domain/7/device/xvbd/0";
inline const std::string back = "/local/domain/0/backend/xvbd/7/0";
inline const std::string config = "/xvm/domain/7/xvbd/0";
inline const std::string home = "/local/domain/7";

inline Store_image example() {
    Store_image image = parse_dump(example_dump).value();
    image.live = {Domid{0}, Domid{7}, Domid{9}};
    return image;
}

/// The image with the node, permissions as its parent's.
inline Store_image with(Store_image image, const std::string& path, const std::string& value) {
    Entry& entry = image.nodes[path];
    entry.value = value;
    const Entry* parent = image.find(path.substr(0, path.rfind('/')));
    if (!entry.permissions && parent) entry.permissions = parent->permissions;
    return image;
}
inline Store_image with(const std::string& path, const std::string& value) {
    return with(example(), path, value);
}

/// The image without the node and what is below it.
inline Store_image without(Store_image image, const std::string& path) {
    std::erase_if(image.nodes, [&path](const auto& node) { return at_or_below(node.first, path); });
    return image;
}

} // namespace xvm::schema
