// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-timed/source.hpp"
#include "libvmshare/abi/timer.h"
#include "libvmshare/abi/timer_owner.h"
#include "libvmshare/base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

namespace xvm::timed {
namespace {

class Kernel_source final : public Page_source {
  public:
    Kernel_source(std::string device, Unique_fd fd, std::uint64_t id)
        : device_(std::move(device)), fd_(std::move(fd)), id_(id) {}

    std::string_view owner() const override { return "kernel"; }
    std::uint64_t id() const override { return id_; }

    Result<Gref> give(Domid guest) override {
        xvm_time_grant asked{number(guest), 0};
        if (::ioctl(fd_.get(), XVM_TIME_IOC_GRANT, &asked) != 0)
            return fail_errno(errno, object(guest), "granting", "see dom0's gnttab_max_frames");
        return Gref{asked.gref};
    }
    Status take_back(Domid guest) override {
        xvm_time_grant asked{number(guest), 0};
        if (::ioctl(fd_.get(), XVM_TIME_IOC_REVOKE, &asked) != 0 && errno != ENOENT)
            return fail_errno(errno, object(guest), "taking back");
        return {};
    }
    Result<std::vector<Domid>> holders() override {
        std::vector<Domid> all;
        for (xvm_time_grant at{0, 0};; ++at.domid) {
            if (::ioctl(fd_.get(), XVM_TIME_IOC_NEXT, &at) != 0) {
                if (errno == ENOENT) return all;
                return fail_errno(errno, device_, "listing grants");
            }
            all.push_back(Domid{static_cast<std::uint16_t>(at.domid)});
        }
    }

  private:
    [[nodiscard]] std::string object(Domid guest) const {
        return fmt::format("{}: grant of the timer page to domain {}", device_, number(guest));
    }

    std::string device_;
    Unique_fd fd_;
    std::uint64_t id_;
};

} // namespace

Result<std::unique_ptr<Page_source>> open_kernel_source(const std::string& device) {
    XVM_TRY_LET(Unique_fd fd, open_file(device, O_RDWR));
    void* at = ::mmap(nullptr, XVM_TIME_PAGE_BYTES, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return fail_errno(errno, device, "mapping the page");
    const xvm_time_constants constants = static_cast<const xvm_time_page*>(at)->constants;
    ::munmap(at, XVM_TIME_PAGE_BYTES);
    if (constants.magic != XVM_TIME_MAGIC || constants.abi_major != XVM_TIME_ABI_MAJOR)
        return fail(Fault::failed, device, "its page is of another version", "load the module of this xvm");
    return std::make_unique<Kernel_source>(device, std::move(fd), constants.owner_id);
}

} // namespace xvm::timed
