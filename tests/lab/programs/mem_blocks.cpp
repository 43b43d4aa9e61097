// SPDX-License-Identifier: Apache-2.0
// The BLOCK engine by hand, below xvmd: what scenarios need that no toolstack does.
//
//   mem-blocks show DOMID                       slots, states, what Xen counts
//   mem-blocks give DOMID BLOCKS TIMEOUT_MS     asks for blocks; at the time's end they are asked for no more
//   mem-blocks take DOMID BLOCKS TIMEOUT_MS     offers blocks, and waits until they are used
//   mem-blocks ask DOMID BLOCKS                 asks, and goes away: as an xvmd that was killed
//   mem-blocks withdraw DOMID
//   mem-blocks setup DOMID SLOTS FILLED         gives a guest of xl's slots, as xvmd gives them to its own
//   mem-blocks look DOMID SLOT BYTE             what lies in a slot: pages, of these not zero, full of BYTE
// give and take with "careless" at the end clear no block: the broken twin of what searches show.
//
// Prints one line that begins with "xvm:", and ends with 0, 5 (refused) or 6 (time over).
#include "libvmshare/base/number.hpp"
#include "libvmshare/memory/block_engine.hpp"
#include "libvmshare/port/faulty/decorators.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/xen/domains.hpp"
#include "libvmshare/port/xen/store.hpp"
#include "xenstore-schema/nodes.hpp"

extern "C" {
#include <xenforeignmemory.h>
}

#include <algorithm>
#include <chrono>
#include <fmt/core.h>
#include <span>
#include <string_view>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace {

using namespace xvm;
using Clock = std::chrono::steady_clock;

constexpr auto look_every = std::chrono::milliseconds(5);

int failed(const Error& error) {
    fmt::print("xvm: error {}\n", error.line());
    return static_cast<int>(error.fault);
}

struct World {
    std::unique_ptr<port::Domains> domains;
    std::unique_ptr<port::Store> store;
};

/// Leaves in a block what was in it.
class Careless_domains final : public port::faulty::Faulty_domains {
  public:
    using Faulty_domains::Faulty_domains;
    [[nodiscard]] Status clear_frames(Domid, const port::Frames&) override { return {}; }
};

Result<World> open_world() {
    XVM_TRY_LET(auto domains, port::xen::open_domains());
    XVM_TRY_LET(auto store, port::xen::open_store());
    return World{std::move(domains), std::move(store)};
}

int report(const port::Memory_progress& progress, std::uint64_t before, Clock::time_point start) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
    const bool done = progress.state == port::Memory_state::done;
    const bool refused = progress.state == port::Memory_state::refused;
    const std::string_view word = done ? "done" : refused ? "refused" : "late";
    fmt::print("xvm: {} before_kib={} memory_kib={} status={:#x} ms={} why={}\n", word, before >> 10,
               progress.memory_bytes >> 10, progress.status, ms, progress.why);
    return done ? 0 : static_cast<int>(refused ? Fault::exhausted : Fault::timeout);
}

int show(World& world, Domid domid) {
    const auto slots = memory::Slots::read(*world.store, domid);
    if (!slots) return failed(slots.error());
    const auto info = world.domains->info(domid);
    if (!info) return failed(info.error());
    std::string words;
    for (const memory::Slot& slot : slots->all())
        words += " " + std::string(name_of(slot.state));
    fmt::print("xvm: memory_kib={} max_kib={} slots{}\n", info->memory_bytes >> 10,
               info->memory_max_bytes >> 10, words);
    return 0;
}

struct Manner {
    bool give = false;
    bool careless = false;
};

int move(World& world, Domid domid, std::uint64_t blocks, std::chrono::milliseconds limit, Manner manner) {
    const bool give = manner.give;
    const auto info = world.domains->info(domid);
    if (!info) return failed(info.error());
    port::faulty::Plan no_faults;
    Careless_domains careless(*world.domains, no_faults);
    memory::Block_engine engine(manner.careless ? careless : *world.domains, *world.store);
    const auto looked = engine.look(info->id);
    if (!looked) return failed(looked.error());
    const auto block = engine.granularity_bytes(info->id);
    if (!block) return failed(block.error());
    const std::uint64_t to =
        give ? looked->memory_bytes - blocks * *block : looked->memory_bytes + blocks * *block;
    const auto start = Clock::now();
    if (const Status asked = give ? engine.ask(*looked, to) : engine.offer(*looked, to); !asked)
        return failed(asked.error());
    for (;;) {
        const auto progress = give ? engine.released(*looked, to) : engine.taken(*looked, to);
        if (!progress) return failed(progress.error());
        const bool over = Clock::now() - start >= limit;
        if (progress->state == port::Memory_state::working && !over) {
            std::this_thread::sleep_for(look_every);
            continue;
        }
        if (progress->state != port::Memory_state::done && give)
            if (const Status back = engine.withdraw(*looked, looked->memory_bytes); !back)
                return failed(back.error());
        return report(*progress, looked->memory_bytes, start);
    }
}

int ask_only(World& world, Domid domid, std::uint64_t blocks, bool withdraw) {
    const auto info = world.domains->info(domid);
    if (!info) return failed(info.error());
    memory::Block_engine engine(*world.domains, *world.store);
    const auto side = engine.look(info->id);
    if (!side) return failed(side.error());
    const Status done = withdraw ? engine.withdraw(*side, side->memory_bytes)
                                 : engine.ask(*side, side->memory_bytes - blocks * XVM_MEM_SLOT_BYTES);
    if (!done) return failed(done.error());
    fmt::print("xvm: done\n");
    return 0;
}

int setup(World& world, Domid domid, std::uint64_t count, std::uint64_t filled) {
    const memory::Layout layout{XVM_MEM_BASE_MIN, XVM_MEM_SLOT_BYTES, static_cast<std::uint32_t>(count)};
    const std::string dir = schema::xvmem::host::dir(domid);
    const auto all = [&]() -> Status {
        XVM_TRY_LET(const auto info, world.domains->info(domid));
        XVM_TRY(world.domains->set_memory_max(domid, info.memory_bytes + filled * layout.slot_bytes));
        for (std::uint32_t slot = 0; slot < filled; ++slot) {
            XVM_TRY(world.domains->fill_frames(domid, layout.frames_of(slot)));
            XVM_TRY(world.domains->clear_frames(domid, layout.frames_of(slot)));
            XVM_TRY(world.store->write(dir + "/slot/" + std::to_string(slot), "assigned 0"));
        }
        XVM_TRY(world.store->write(dir + "/base", std::to_string(layout.base)));
        XVM_TRY(world.store->write(dir + "/slot-bytes", std::to_string(layout.slot_bytes)));
        XVM_TRY(world.store->write(dir + "/slots", std::to_string(count)));
        return world.store->write(dir + "/version", std::to_string(XVM_MEM_VERSION));
    };
    if (const Status done = all(); !done) return failed(done.error());
    fmt::print("xvm: done\n");
    return 0;
}

int look(World& world, Domid domid, std::uint64_t slot, std::uint64_t byte) {
    constexpr std::size_t batch = 512;
    const auto slots = memory::Slots::read(*world.store, domid);
    if (!slots) return failed(slots.error());
    const port::Frames frames = slots->layout().frames_of(static_cast<std::uint32_t>(slot));
    xenforeignmemory_handle* const foreign = xenforeignmemory_open(nullptr, 0);
    if (foreign == nullptr) return static_cast<int>(Fault::failed);
    std::uint64_t there = 0;
    std::uint64_t nonzero = 0;
    std::uint64_t full = 0;
    for (std::uint64_t at = frames.first; at < frames.first + frames.count; at += batch) {
        std::vector<xen_pfn_t> list(batch);
        for (std::size_t i = 0; i < batch; ++i)
            list[i] = at + i;
        std::vector<int> errors(batch);
        void* const mapped =
            xenforeignmemory_map(foreign, number(domid), PROT_READ, batch, list.data(), errors.data());
        if (mapped == nullptr) continue;
        for (std::size_t i = 0; i < batch; ++i) {
            if (errors[i] != 0) continue;
            const std::span page(static_cast<const unsigned char*>(mapped) + i * port::page_bytes,
                                 port::page_bytes);
            ++there;
            nonzero += std::any_of(page.begin(), page.end(), [](unsigned char one) { return one != 0; });
            full += std::all_of(page.begin(), page.end(), [&](unsigned char one) { return one == byte; });
        }
        xenforeignmemory_unmap(foreign, mapped, batch);
    }
    xenforeignmemory_close(foreign);
    fmt::print("xvm: pages={} nonzero={} full={}\n", there, nonzero, full);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    const auto domid = parse_domid(argc > 2 ? argv[2] : "");
    const auto blocks = parse_number<std::uint64_t>(argc > 3 ? argv[3] : "0");
    const auto limit_ms = parse_number<std::uint32_t>(argc > 4 ? argv[4] : "10000");
    if (!domid || !blocks || !limit_ms) return static_cast<int>(Fault::usage);
    auto world = open_world();
    if (!world) return failed(world.error());
    const std::chrono::milliseconds limit(*limit_ms);
    if (verb == "show") return show(*world, *domid);
    const bool careless = argc > 5 && std::string_view(argv[5]) == "careless";
    if (verb == "give" || verb == "take")
        return move(*world, *domid, *blocks, limit, {verb == "give", careless});
    if (verb == "ask") return ask_only(*world, *domid, *blocks, false);
    if (verb == "withdraw") return ask_only(*world, *domid, 0, true);
    if (verb == "setup") return setup(*world, *domid, *blocks, *limit_ms);
    if (verb == "look") return look(*world, *domid, *blocks, *limit_ms);
    return static_cast<int>(Fault::usage);
}
