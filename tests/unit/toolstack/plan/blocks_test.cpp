// SPDX-License-Identifier: Apache-2.0
// How a guest's memory is parted into what it boots with and blocks, and what its plan and nodes make of it.
#include "toolstack/plan/blocks.hpp"
#include "toolstack/plan/nodes.hpp"
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_wishes.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

using namespace xvm;
using namespace xvm::plan;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::uint64_t gib = 1ULL << 30;

Guest_config guest(std::uint64_t memory_mib, std::uint64_t max_mib, std::uint64_t min_mib) {
    Guest_config made;
    made.name = std::string("a"); // g++ 12 with -O2 warns of an assignment of "a"
    made.memory_bytes = memory_mib * mib;
    made.memory_max_bytes = max_mib * mib;
    made.memory_min_bytes = min_mib * mib;
    made.memory_engine = Memory_engine::block;
    return made;
}

std::map<std::string, std::string> nodes_of(const Guest_config& config) {
    std::map<std::string, std::string> all;
    for (const Node& node : guest_nodes(config, {{Domid{7}, Uuid{}}, 1, 2, Evtchn_port{3}, Evtchn_port{4}}))
        all[node.path] = node.value;
    return all;
}

tl::expected<Guest_config, Config_errors> parse(const std::string& memory, const std::string& type = "pvh") {
    return parse_config({"name='a'\ntype='" + type + "'\nkernel='k'\n" + memory, "/c.toml", ""});
}

} // namespace

TEST_CASE("A guest boots with what is left when blocks are set aside, and never with less than its minimum") {
    CHECK(blocks_of(guest(256, 256, 128)) == Blocks{128 * mib, 4 * gib, 1, 1});
    CHECK(blocks_of(guest(384, 640, 128)) == Blocks{128 * mib, 4 * gib, 4, 2});
    CHECK(blocks_of(guest(384, 384, 192)) == Blocks{256 * mib, 4 * gib, 1, 1});
    CHECK(blocks_of(guest(300, 300, 0)) == Blocks{172 * mib, 4 * gib, 1, 1}); // a kernel needs 128 MiB
    CHECK(blocks_of(guest(128, 256, 64)) == Blocks{128 * mib, 4 * gib, 1, 0});
    CHECK(blocks_of(guest(96, 96, 64)) == Blocks{96 * mib, 4 * gib, 0, 0});
    for (std::uint64_t memory = 64; memory < 20000; memory += 77)
        for (const std::uint64_t min : {memory / 4, memory / 2, memory}) {
            const Blocks blocks = blocks_of(guest(memory, memory + 500, min));
            CHECK(blocks.boot_bytes + blocks.filled * block_bytes == memory * mib);
            CHECK(blocks.boot_bytes >= min * mib);
            CHECK(blocks.filled <= blocks.slots);
            CHECK(blocks.boot_bytes + blocks.slots * block_bytes <= (memory + 500) * mib);
            CHECK(blocks.base % block_bytes == 0);
        }
    // Memory that does not fit below 4 GiB lies above, and the slots beyond it.
    CHECK(blocks_of(guest(8192, 8192, 6144)).base >= 4 * gib + 6 * gib);
}

TEST_CASE("A guest of the balloon has no slots, and no node of them") {
    Guest_config plain = guest(256, 512, 128);
    plain.memory_engine = Memory_engine::balloon;
    CHECK(blocks_of(plain) == Blocks{256 * mib, 0, 0, 0});
    for (const auto& [path, value] : nodes_of(plain))
        CHECK(path.find("xvmem") == std::string::npos);
}

TEST_CASE(
    "Slots with memory are assigned before the guest runs; its balloon driver knows of what it boots with") {
    auto nodes = nodes_of(guest(384, 640, 128));
    CHECK(nodes["/local/domain/7/xvmem/version"] == "1");
    CHECK(nodes["/local/domain/7/xvmem/base"] == "4294967296");
    CHECK(nodes["/local/domain/7/xvmem/slot-bytes"] == "134217728");
    CHECK(nodes["/local/domain/7/xvmem/slots"] == "4");
    CHECK(nodes["/local/domain/7/xvmem/slot/0"] == "assigned 0");
    CHECK(nodes["/local/domain/7/xvmem/slot/1"] == "assigned 0");
    CHECK_FALSE(nodes.contains("/local/domain/7/xvmem/slot/2"));
    CHECK(nodes["/local/domain/7/memory/target"] == "131072");
    CHECK(nodes["/local/domain/7/memory/static-max"] == "131072");
}

TEST_CASE("A plan fills the blocks between building and unpausing") {
    const Plan plan = plan_create(guest(384, 640, 128), Uuid{}, false);
    const auto at = [&](std::string_view name) {
        return std::find_if(plan.steps.begin(), plan.steps.end(),
                            [&](const Step& step) { return step.name == name; });
    };
    REQUIRE(at("fill-blocks") != plan.steps.end());
    CHECK(at("build") < at("fill-blocks"));
    CHECK(at("fill-blocks") < at("unpause"));
    CHECK(at("fill-blocks")->args.at("bytes").to_number<std::uint64_t>() == 256 * mib);
    CHECK(at("create-domain")->args.at("memory_bytes").to_number<std::uint64_t>() == 128 * mib);
    CHECK(at("create-domain")->args.at("memory_max_bytes").to_number<std::uint64_t>() == 640 * mib);
    // The host must have room for all of it.
    CHECK(at("check-host")->args.at("memory_bytes").to_number<std::uint64_t>() == 384 * mib);
}

TEST_CASE("The engine is chosen by a key, for PVH guests only, and its memory is not set but moved") {
    CHECK(parse("memory='256MiB'\nmemory_engine='block'\n")->memory_engine == Memory_engine::block);
    CHECK(parse("[memory]\nsize='256MiB'\nengine='block'\n")->memory_engine == Memory_engine::block);
    CHECK(parse("memory='256MiB'\nmemory_engine='balloon'\n")->memory_engine == Memory_engine::balloon);
    CHECK(parse("memory='256MiB'\n")->memory_engine == Memory_engine::balloon);
    CHECK_FALSE(parse("memory='256MiB'\nmemory_engine='block'\n", "pv"));
    CHECK_FALSE(parse("memory='256MiB'\nmemory_engine='blocks'\n"));
    const Status set = check_memory(guest(384, 640, 128), 256 * mib);
    REQUIRE_FALSE(set);
    CHECK_THAT(set.error().remedy, Catch::Contains("memory move"));
    CHECK(memory_most_bytes(guest(384, 640, 128)) == 640 * mib);
}
