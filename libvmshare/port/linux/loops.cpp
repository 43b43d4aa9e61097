// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/linux/loops.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/base/file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/loop.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace xvm::port::linux_host {
namespace {

/// Others take free devices, too: how often another one is tried.
constexpr int attempts_max = 16;

Result<Block_device> device_of(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return fail_errno(errno, path, "look at");
    if (!S_ISBLK(status.st_mode)) return fail(Fault::usage, path, "is no block device");
    return Block_device{path, major(status.st_rdev), minor(status.st_rdev)};
}

struct Found {
    Unique_fd fd;
    std::string path;
};

/// The label is kept where the driver keeps a file's name: it is shown to nobody but those who ask the
/// driver.
bool has_label(int fd, const std::string& label) {
    loop_info64 info{};
    return ::ioctl(fd, LOOP_GET_STATUS64, &info) == 0 &&
           label == reinterpret_cast<const char*>(info.lo_file_name);
}

std::optional<Found> find(const std::string& label) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block", error)) {
        const std::string name = entry.path().filename().string();
        // Only a device in use has this directory.
        if (!name.starts_with("loop") || !std::filesystem::exists(entry.path() / "loop", error)) continue;
        const std::string path = "/dev/" + name;
        auto fd = open_file(path, O_RDONLY);
        if (fd && has_label(fd->get(), label)) return Found{std::move(*fd), path};
    }
    return std::nullopt;
}

class Loop_driver final : public Loops {
  public:
    Result<Block_device> device_at(const std::string& path) override {
        // Not opened: that would wait for a disk that hangs.
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) return fail_errno(errno, path, "cannot look at it");
        if (!S_ISBLK(status.st_mode)) return fail(Fault::usage, path, "is no block device");
        return Block_device{path, major(status.st_rdev), minor(status.st_rdev)};
    }

    Result<Block_device> attach(const std::string& file, bool writable, const std::string& label) override {
        XVM_ASSERT(!label.empty() && label.size() <= label_bytes_max);
        if (const auto found = find(label)) return device_of(found->fd.get(), found->path);
        XVM_TRY_LET(const Unique_fd backing, open_file(file, writable ? O_RDWR : O_RDONLY));
        auto control = open_file("/dev/loop-control", O_RDWR);
        if (!control)
            return fail(control.error().fault == Fault::denied ? Fault::denied : Fault::unreachable,
                        "/dev/loop-control", control.error().cause, "load the driver: modprobe loop");
        for (int attempt = 0; attempt < attempts_max; ++attempt) {
            const int free = ::ioctl(control->get(), LOOP_CTL_GET_FREE);
            if (free < 0) return fail_errno(errno, "/dev/loop-control", "find a free loop device");
            const std::string path = "/dev/loop" + std::to_string(free);
            XVM_TRY_LET(const Unique_fd fd, open_file(path, writable ? O_RDWR : O_RDONLY));
            loop_config config{};
            config.fd = static_cast<__u32>(backing.get());
            config.info.lo_flags = writable ? 0 : LO_FLAGS_READ_ONLY;
            std::memcpy(config.info.lo_file_name, label.data(), label.size());
            if (::ioctl(fd.get(), LOOP_CONFIGURE, &config) == 0) return device_of(fd.get(), path);
            if (errno != EBUSY) return fail_errno(errno, path, "cannot take '" + file + "'");
        }
        return fail(Fault::exhausted, "/dev/loop-control", "no free loop device was to be had",
                    "raise the limit: the parameter max_loop of the module loop");
    }

    Status detach(const std::string& label) override {
        const auto found = find(label);
        if (!found || ::ioctl(found->fd.get(), LOOP_CLR_FD) == 0 || errno == ENXIO) return {};
        return fail_errno(errno, found->path, "cannot let it go");
    }

    Status resize(const std::string& label) override {
        const auto found = find(label);
        if (!found) return fail(Fault::not_found, "loop device of '" + label + "'", "is not there");
        if (::ioctl(found->fd.get(), LOOP_SET_CAPACITY) == 0) return {};
        return fail_errno(errno, found->path, "cannot take up the file's size");
    }
};

} // namespace

std::unique_ptr<Loops> make_loops() {
    return std::make_unique<Loop_driver>();
}

} // namespace xvm::port::linux_host
