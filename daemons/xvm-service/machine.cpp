// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-service/machine.hpp"

#include "libvmshare/base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace xvm::service {
namespace {

constexpr const char* modules = "/lib/modules/";
constexpr int disk_tries = 5000; // milliseconds

Status insert(const std::string& path) {
    XVM_TRY_LET(const Unique_fd file, open_file(path, O_RDONLY));
    if (::syscall(SYS_finit_module, file.get(), "", 0) != 0 && errno != EEXIST)
        return fail_errno(errno, path, "cannot be inserted", "is it the running kernel's?");
    return {};
}

/// The front end connects by itself, a moment after its module came.
Status await_file(const std::string& path) {
    for (int i = 0; ::access(path.c_str(), F_OK) != 0; ++i) {
        if (i == disk_tries)
            return fail(Fault::timeout, path, "does not appear", "does dom0 serve the disk?");
        const timespec moment{0, 1000000};
        ::nanosleep(&moment, nullptr);
    }
    return {};
}

} // namespace

Status set_up_machine(const std::string& disk, const std::string& directory) {
    if (::mount("dev", "/dev", "devtmpfs", 0, nullptr) != 0 && errno != EBUSY)
        return fail_errno(errno, "/dev", "cannot be mounted");
    std::ifstream order(std::string(modules) + "order");
    for (std::string name; std::getline(order, name);)
        if (!name.empty()) XVM_TRY(insert(modules + name));
    XVM_TRY(await_file(disk));
    if (::mount(disk.c_str(), directory.c_str(), "ext4", MS_NODEV | MS_NOEXEC | MS_NOSUID,
                "errors=remount-ro") != 0)
        return fail_errno(errno, disk, "cannot be mounted", "make it anew: xvm-service-image --disk");
    return {};
}

void power_off(const std::string& directory) {
    ::sync();
    ::umount2(directory.c_str(), 0);
    ::reboot(RB_POWER_OFF);
    for (;;)
        ::pause();
}

} // namespace xvm::service
