// SPDX-License-Identifier: Apache-2.0
// Boots a real guest through the port alone: domains, and the store's nodes for its console. For the
// lab, where it shows that a kernel comes up on what build() makes. No toolstack: no undo, no devices.
#include "libvmshare/base/file.hpp"
#include "libvmshare/base/number.hpp"
#include "libvmshare/port/xen/domains.hpp"
#include "libvmshare/port/xen/store.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <string>

namespace {

using namespace xvm;
using namespace xvm::port;

Result<std::vector<std::byte>> load(const std::string& path) {
    XVM_TRY_LET(const Unique_fd fd, open_file(path, O_RDONLY));
    XVM_TRY_LET(const std::uint64_t size, size_of(fd.get(), path));
    std::vector<std::byte> bytes(size);
    XVM_TRY(read_exactly(fd.get(), bytes, 0, path));
    return bytes;
}

/// The nodes that xenconsoled and Linux need, no more.
Status publish(Store& store, Domid domid, const std::string& name, const Domain_shape& shape,
               const Built_domain& built) {
    const std::string home = "/local/domain/" + std::to_string(number(domid));
    const std::string memory_kib = std::to_string(shape.memory_bytes / 1024);
    const std::array readable{Store_permission{dom0, Store_access::none},
                              Store_permission{domid, Store_access::read}};
    return transact(store, [&](Txn txn) -> Status {
        XVM_TRY(store.make(home, txn));
        XVM_TRY(store.set_permissions(home, readable, txn));
        const auto put = [&](const std::string& node, const std::string& value) {
            return store.write(home + "/" + node, value, txn);
        };
        XVM_TRY(put("name", name));
        XVM_TRY(put("domid", std::to_string(number(domid))));
        XVM_TRY(put("memory/target", memory_kib));
        XVM_TRY(put("memory/static-max", memory_kib));
        for (unsigned i = 0; i < shape.vcpus; ++i)
            XVM_TRY(put("cpu/" + std::to_string(i) + "/availability", "online"));
        XVM_TRY(put("store/port", std::to_string(number(built.store_port))));
        XVM_TRY(put("store/ring-ref", std::to_string(built.store_frame)));
        XVM_TRY(put("console/backend-id", "0"));
        XVM_TRY(put("console/type", "xenconsoled"));
        XVM_TRY(put("console/output", "pty"));
        XVM_TRY(put("console/limit", "1048576"));
        XVM_TRY(put("console/port", std::to_string(number(built.console_port))));
        return put("console/ring-ref", std::to_string(built.console_frame));
    });
}

Status start(Domains& domains, Store& store, Domid domid, const std::string& name, const Domain_shape& shape,
             const Boot_image& image, unsigned cpu) {
    XVM_TRY_LET(const Built_domain built, domains.build(domid, shape, image));
    for (unsigned i = 0; i < shape.vcpus; ++i)
        XVM_TRY(domains.pin(domid, i, cpu));
    XVM_TRY(publish(store, domid, name, shape, built));
    XVM_TRY(store.introduce(domid, built.store_frame, built.store_port));
    return domains.unpause(domid);
}

Status boot(const std::string& name, const Domain_shape& shape, unsigned cpu, const std::string& kernel_path,
            const std::string& ramdisk_path, const std::string& command_line) {
    XVM_TRY_LET(const auto kernel, load(kernel_path));
    XVM_TRY_LET(const auto ramdisk, load(ramdisk_path));
    XVM_TRY_LET(const auto domains, xen::open_domains());
    XVM_TRY_LET(const auto store, xen::open_store());
    const auto begin = std::chrono::steady_clock::now();
    XVM_TRY_LET(const Domid domid, domains->create(shape));
    if (Status started = start(*domains, *store, domid, name, shape, {kernel, ramdisk, command_line}, cpu);
        !started) {
        static_cast<void>(domains->destroy(domid));
        return started;
    }
    const auto taken = std::chrono::steady_clock::now() - begin;
    std::printf("%u %lld\n", number(domid),
                static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(taken).count()));
    return {};
}

/// Ends a guest that boot() started, and takes its nodes away.
Status end(Domid domid) {
    XVM_TRY_LET(const auto domains, xen::open_domains());
    XVM_TRY_LET(const auto store, xen::open_store());
    XVM_TRY(domains->destroy(domid));
    store->release(domid);
    return store->remove("/local/domain/" + std::to_string(number(domid)));
}

int report(const Status& status) {
    if (status) return 0;
    std::fprintf(stderr, "%s\n", status.error().line().c_str());
    return static_cast<int>(status.error().fault);
}

} // namespace

// Prints "DOMID MILLISECONDS": the time from create() to unpause().
int main(int count, char** words) {
    const std::vector<std::string> args(words + 1, words + count);
    if (args.size() == 2 && args[0] == "end")
        if (const auto domid = parse_domid(args[1])) return report(end(*domid));
    if (args.size() == 8 && (args[1] == "pv" || args[1] == "pvh")) {
        const auto vcpus = parse_number<unsigned>(args[2]);
        const auto mib = parse_number<unsigned>(args[3]);
        const auto cpu = parse_number<unsigned>(args[4]);
        if (vcpus && mib && cpu) {
            const std::uint64_t memory = std::uint64_t{*mib} << 20;
            const Domain_shape shape{Uuid::random(), args[1] == "pv" ? Guest_type::pv : Guest_type::pvh,
                                     *vcpus, memory, memory};
            return report(boot(args[0], shape, *cpu, args[5], args[6], args[7]));
        }
    }
    std::fputs("usage: xvm-boot-guest NAME pv|pvh VCPUS MIB CPU KERNEL RAMDISK COMMAND-LINE\n"
               "       xvm-boot-guest end DOMID\n",
               stderr);
    return static_cast<int>(Fault::usage);
}
