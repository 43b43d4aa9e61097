// SPDX-License-Identifier: Apache-2.0
// A daemon at rest: what it gives back, and that all of it is there when it is needed again.
#include "daemons/common/rest.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <link.h>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace xvm;

namespace {

/// A word that the loader writes, though the program may not.
int (*const volatile function)(const char*) = &std::atoi;

struct Table {
    virtual ~Table() = default;
    [[nodiscard]] virtual int answer() const { return 42; }
};

/// The pages of text of this program that are mapped now.
std::size_t mapped_text_pages() {
    std::size_t mapped = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* count) {
            // /proc/self/pagemap: bit 63 says that a page is mapped.
            FILE* const map = std::fopen("/proc/self/pagemap", "rb");
            for (int i = 0; map != nullptr && i < object->dlpi_phnum; ++i) {
                const auto& segment = object->dlpi_phdr[i];
                if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
                const auto page = static_cast<std::uintptr_t>(::getpagesize());
                std::vector<std::uint64_t> entries(segment.p_memsz / page);
                std::fseek(map, static_cast<long>((object->dlpi_addr + segment.p_vaddr) / page * 8),
                           SEEK_SET);
                entries.resize(std::fread(entries.data(), 8, entries.size(), map));
                for (const std::uint64_t entry : entries)
                    *static_cast<std::size_t*>(count) += entry >> 63;
            }
            if (map != nullptr) std::fclose(map);
            return 1; // the first object is the program
        },
        &mapped);
    return mapped;
}

} // namespace

TEST_CASE("What a program has mapped of itself is given back, and comes back") {
    const std::unique_ptr<Table> table(new Table);
    std::vector<std::string> heap(1000, std::string(100, 'x'));
    const std::size_t before = mapped_text_pages();
    daemon::give_back_memory();
    const std::size_t after = mapped_text_pages();
    REQUIRE(before > 0);
    CHECK(after < before);
    // What the loader wrote, what this program wrote, and what it only reads.
    CHECK(table->answer() == 42);
    CHECK(function("7") == 7);
    CHECK(heap.back() == std::string(100, 'x'));
    CHECK_THROWS_AS(heap.at(heap.size()), std::out_of_range);
}

TEST_CASE("A loop that rests ends when it is told, and does all that it is given") {
    boost::asio::io_context context(1);
    int done = 0;
    for (int i = 0; i < 3; ++i)
        boost::asio::post(context, [&] {
            if (++done == 3) context.stop();
        });
    daemon::Rest(context).run();
    CHECK(done == 3);
}

TEST_CASE("A daemon that has nothing to do is woken once, to give back, and not again") {
    boost::asio::io_context context(1);
    daemon::Rest(context, std::chrono::milliseconds(1))
        .run(); // returns: after the one timer nothing is left to wait for
    CHECK(context.stopped());
}
