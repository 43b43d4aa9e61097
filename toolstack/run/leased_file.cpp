// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/leased_file.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace xvm::run {

std::shared_ptr<const Leased_file> Leased_file::map(const std::string& path, std::uint64_t bytes_min,
                                                    std::uint64_t bytes_max) {
    Unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return nullptr;
    // Whoever waits for us is announced by a signal: by one that does nothing, not by SIGIO, which kills.
    if (::fcntl(fd.get(), F_SETSIG, SIGURG) != 0 || ::fcntl(fd.get(), F_SETLEASE, F_RDLCK) != 0)
        return nullptr;
    // Its size is looked at under the lease: it stays.
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    if (bytes < bytes_min || bytes > bytes_max) return nullptr;
    void* const start = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (start == MAP_FAILED) return nullptr;
    std::shared_ptr<const Leased_file> file(
        new Leased_file(std::move(fd), {static_cast<const std::byte*>(start), bytes}));
    // Now, where a bad disk is an error; while the guest is built it would be a SIGBUS.
    if (::madvise(start, bytes, MADV_POPULATE_READ) != 0) return nullptr;
    return file;
}

Leased_file::~Leased_file() {
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

} // namespace xvm::run
