// SPDX-License-Identifier: Apache-2.0
// Block devices of dom0, and files made into some by the kernel's loop driver.
//
// Contract (tests/contract/network/loops_test.cpp holds every port to it):
// - A loop device is found again by its label alone: whoever made it may have died since.
// - No two loop devices have the same label; attach() with one in use answers the device that has it.
// Used by one thread at a time.
#pragma once

#include "libvmshare/base/result.hpp"

#include <string>

namespace xvm::port {

struct Block_device {
    std::string path; ///< "/dev/loop0"
    unsigned major = 0;
    unsigned minor = 0;
    bool operator==(const Block_device&) const = default;
    /// "7:0", hexadecimal: as blkback reads it.
    [[nodiscard]] std::string hex() const;
};

class Loops {
  public:
    static constexpr std::size_t label_bytes_max = 63;

    virtual ~Loops() = default;

    /// What the path is if it is a block device. usage: it is none; not_found: nothing is there.
    [[nodiscard]] virtual Result<Block_device> device_at(const std::string& path) = 0;
    /// A loop device over the file. not_found, denied: the file; exhausted: no loop device is free;
    /// unreachable: the kernel has no loop driver.
    [[nodiscard]] virtual Result<Block_device> attach(const std::string& file, bool writable,
                                                      const std::string& label) = 0;
    /// Lets the device go; if somebody has it open, it goes when they close it. None of that label: nothing
    /// to do.
    [[nodiscard]] virtual Status detach(const std::string& label) = 0;
    /// The device takes up the size that its file has now. not_found: none of that label.
    [[nodiscard]] virtual Status resize(const std::string& label) = 0;
};

} // namespace xvm::port
