// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/extract.hpp"

#include "libvmshare/base/file.hpp"

#include <cerrno>
#include <unistd.h>

namespace xvm::pack {

Status extract(const Reader& pack, const Image& image, int directory, const std::string& shown,
               Existing existing, const Progress& progress) {
    // The name is one component (parse() saw to it), so the directory's descriptor bounds it.
    XVM_TRY_LET(New_file file, New_file::create(directory, image.name, shown + "/" + image.name));
    if (::ftruncate(file.fd(), static_cast<off_t>(image.size)) != 0)
        return fail_errno(errno, file.shown(),
                          "cannot make it " + std::to_string(image.size) + " bytes long");
    const auto write = [&](std::span<const std::byte> bytes, std::uint64_t at) {
        return write_exactly(file.fd(), bytes, at, file.shown());
    };
    XVM_TRY(pack.read(image, write, progress));
    return file.publish(existing);
}

} // namespace xvm::pack
