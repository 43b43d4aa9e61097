// SPDX-License-Identifier: Apache-2.0
// A dom0 that gives a guest something else than a timer page: grants one frame of the kind asked for, says
// "ref N", and keeps it until it is killed.
//
//     bad-time DOMID garbage|version|torn|frozen
#include "libvmshare/timer/writer.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/gntalloc.h>

namespace {

void fill(xvm_time_page& page, std::string_view kind) {
    xvm_time_writer w;
    xvm_time_writer_init(&w, &page, XVM_TIME_OWNER_USER, 250, 4711, 1'000'000'000);
    xvm_time_ref ref{};
    ref.tick = 1;
    ref.ns = 1;
    xvm_time_writer_begin(&w);
    xvm_time_writer_update(&w, &ref);
    if (kind == "version") page.constants.abi_major = 2;
    if (kind == "torn") xvm_time_writer_begin(&w); // and never ends
    if (kind != "garbage") return;                 // frozen: as it is, for ever
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < XVM_TIME_PAGE_BYTES / 8; ++i)
        reinterpret_cast<xvm_time_word64*>(&page)[i] = random();
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fprintf(stderr, "usage: bad-time DOMID garbage|version|torn|frozen\n"), 2;
    const int fd = ::open("/dev/xen/gntalloc", O_RDWR);
    ioctl_gntalloc_alloc_gref asked{};
    asked.domid = static_cast<std::uint16_t>(std::atoi(argv[1]));
    asked.count = 1;
    if (::ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, &asked) != 0) return std::perror("gntalloc"), 1;
    void* at = ::mmap(nullptr, XVM_TIME_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                      static_cast<off_t>(asked.index));
    if (at == MAP_FAILED) return std::perror("mmap"), 1;
    fill(*static_cast<xvm_time_page*>(at), argv[2]);
    std::printf("ref %u\n", asked.gref_ids[0]);
    std::fflush(stdout);
    ::pause();
}
