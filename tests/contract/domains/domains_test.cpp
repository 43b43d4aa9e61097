// SPDX-License-Identifier: Apache-2.0
// The contract of port::Domains: every world passes all of it.
#include "tests/contract/domains/fixture.hpp"

using namespace xvm;
using namespace xvm::port;
using namespace xvm::test;

namespace {
constexpr std::uint64_t mib = 1ULL << 20;
}

TEST_CASE_METHOD(Domains_fixture, "A created domain is paused, has the uuid given, and no memory") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    const Domain_info info = value(domains->info(domid));
    CHECK(info.id == Domain_id{domid, wanted.uuid});
    CHECK(info.type == type);
    CHECK(info.paused);
    CHECK_FALSE(info.dying);
    CHECK_FALSE(info.shut_down);
    CHECK(info.memory_bytes == 0);
    CHECK(info.memory_max_bytes >= wanted.memory_max_bytes);
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "A built domain owns its memory, to the page, and runs when unpaused") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    const std::uint64_t memory =
        GENERATE(values<std::uint64_t>({16 * mib, 16 * mib + 4096, 21 * mib - 4096}));
    if (!can(type)) return;
    const Domain_shape wanted = shape(type, memory);
    const Domid domid = create(wanted);
    const Built_domain built = build(domid, wanted);
    CHECK(built.store_frame != 0);
    CHECK(built.console_frame != 0);
    CHECK(built.store_frame != built.console_frame);
    CHECK(number(built.store_port) != 0);
    CHECK(built.store_port != built.console_port);

    Domain_info info = value(domains->info(domid));
    CHECK(info.paused);
    // PVH: the start-up pages lie beside the memory.
    CHECK(info.memory_bytes >= memory);
    CHECK(info.memory_bytes <= memory + (type == Guest_type::pv ? 0 : 64 * 4096));
    CHECK(domains->host()->free_bytes <= before - memory);

    value(domains->unpause(domid));
    CHECK(comes_true([&] {
        info = value(domains->info(domid));
        return info.running || info.blocked || info.cpu_time_ns > 0;
    }));
    CHECK_FALSE(info.paused);
    CHECK(info.vcpus == 1);
    value(domains->pause(domid));
    CHECK(value(domains->info(domid)).paused);
    value(domains->unpause(domid));
    CHECK_FALSE(value(domains->info(domid)).shut_down);
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "Destroying after any step leaves nothing, and a second time is no error") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    const int steps = GENERATE(0, 1, 2, 3);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    if (steps >= 1) build(domid, wanted);
    if (steps >= 2) value(domains->unpause(domid));
    if (steps >= 3) value(domains->pause(domid));
    value(domains->destroy(domid));
    check_clean();
    value(domains->destroy(domid));
}

TEST_CASE_METHOD(Domains_fixture, "Too little memory is said with the numbers, and nothing stays") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type, before + 64 * mib);
    const Domid domid = create(wanted);
    const auto kernel = noop_kernel(Noop::waits);
    const auto built = domains->build(domid, wanted, {kernel, {}, ""});
    REQUIRE_FALSE(built);
    CHECK(built.error().fault == Fault::exhausted);
    CHECK_THAT(built.error().line(), Catch::Contains("needs ") && Catch::Contains(" MiB are free"));
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "What is no kernel is refused as such, and nothing stays") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    const std::vector<std::byte> garbage(8192, std::byte{0x5a});
    const auto built = domains->build(domid, wanted, {garbage, {}, ""});
    REQUIRE_FALSE(built);
    CHECK(built.error().fault == Fault::usage);
    CHECK_THAT(built.error().line(), Catch::Contains("kernel"));
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "A RAM disk larger than the guest is the user's mistake") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    const auto kernel = noop_kernel(Noop::waits);
    const std::vector<std::byte> ramdisk(17 * mib);
    const auto built = domains->build(domid, wanted, {kernel, ramdisk, ""});
    REQUIRE_FALSE(built);
    INFO(built.error().line());
    CHECK(built.error().fault == Fault::usage);
    CHECK_THAT(built.error().remedy, Catch::Contains("more memory"));
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "A domain is built once, and not unpaused before") {
    const Domain_shape wanted = shape(Guest_type::pv);
    const Domid domid = create(wanted);
    CHECK(domains->unpause(domid).error().fault == Fault::failed);
    build(domid, wanted);
    const auto kernel = noop_kernel(Noop::waits);
    CHECK(domains->build(domid, wanted, {kernel, {}, ""}).error().fault == Fault::busy);
}

TEST_CASE_METHOD(Domains_fixture, "A processor is pinned to one that the host has") {
    Domain_shape wanted = shape(Guest_type::pv);
    wanted.vcpus = 2;
    const Domid domid = create(wanted);
    const unsigned cpus = value(domains->host()).cpus;
    value(domains->pin(domid, 0, cpus - 1));
    value(domains->pin(domid, 1, 0));
    CHECK(domains->pin(domid, 2, 0).error().fault == Fault::usage);
    CHECK(domains->pin(domid, 0, 10000).error().fault == Fault::usage);
    build(domid, wanted);
    value(domains->pin(domid, 0, 0));
}

TEST_CASE_METHOD(Domains_fixture, "A processor runs where its affinities say, and says so") {
    Domain_shape wanted = shape(Guest_type::pv);
    wanted.vcpus = 2;
    const Domid domid = create(wanted);
    const unsigned cpus = value(domains->host()).cpus;
    const auto of = [&](unsigned vcpu) { return value(domains->vcpus(domid)).at(vcpu); };
    CHECK(value(domains->info(domid)).vcpus_max == 2);
    CHECK(of(0).hard.size() == cpus);
    CHECK(of(1).soft.size() == cpus);
    value(domains->set_affinity(domid, 1, Affinity::hard, {0}));
    CHECK(of(1).hard == Cpu_list{0});
    CHECK(of(0).hard.size() == cpus);
    value(domains->set_affinity(domid, 0, Affinity::soft, {cpus - 1}));
    CHECK(of(0).soft == Cpu_list{cpus - 1});
    value(domains->set_affinity(domid, 1, Affinity::hard, {}));
    CHECK(of(1).hard.size() == cpus);
    CHECK(domains->set_affinity(domid, 2, Affinity::hard, {0}).error().fault == Fault::usage);
    CHECK(domains->set_affinity(domid, 0, Affinity::hard, {0, 10000}).error().fault == Fault::usage);
    CHECK(of(0).hard.size() == cpus); // what is refused changes nothing
    CHECK(of(0).vcpu == 0);
    CHECK_FALSE(of(1).online); // nothing runs yet
}

TEST_CASE_METHOD(Domains_fixture, "A domain's memory limit can be moved") {
    const Domain_shape wanted = shape(Guest_type::pv);
    const Domid domid = create(wanted);
    build(domid, wanted);
    value(domains->set_memory_max(domid, 24 * mib));
    CHECK(value(domains->info(domid)).memory_max_bytes >= 24 * mib);
    value(domains->set_memory_max(domid, 8 * mib));
    CHECK(value(domains->info(domid)).memory_max_bytes < 16 * mib);
    CHECK(value(domains->info(domid)).memory_bytes == 16 * mib); // it keeps what it has
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture,
                 "A stopped domain stays, with its first reason; only a suspended one goes on") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    build(domid, wanted);
    value(domains->unpause(domid));
    CHECK(domains->resume(domid).error().fault == Fault::failed);
    value(domains->stop(domid, Stop_reason::suspend));
    CHECK(comes_true([&] { return value(domains->info(domid)).shut_down; }));
    CHECK(value(domains->info(domid)).shutdown_reason == 2);
    value(domains->stop(domid, Stop_reason::crash));
    CHECK(value(domains->info(domid)).shutdown_reason == 2);
    value(domains->resume(domid));
    CHECK(comes_true([&] { return !value(domains->info(domid)).shut_down; }));
    value(domains->stop(domid, Stop_reason::crash));
    CHECK(comes_true([&] { return value(domains->info(domid)).shutdown_reason == 3; }));
    CHECK(domains->resume(domid).error().fault == Fault::failed);
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "The hypervisor's messages are lines of text") {
    const std::string log = value(domains->hypervisor_log());
    REQUIRE_FALSE(log.empty());
    CHECK(std::all_of(log.begin(), log.end(), [](char c) {
        return c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
    }));
}

TEST_CASE_METHOD(Domains_fixture, "The list has dom0 and every domain, by rising domid") {
    const Domain_shape one = shape(Guest_type::pv);
    const Domain_shape two = shape(Guest_type::pv);
    create(one);
    create(two);
    const auto all = value(domains->list());
    REQUIRE(all.size() >= 3);
    CHECK(all.front().id.domid == dom0);
    CHECK(std::is_sorted(all.begin(), all.end(),
                         [](const auto& a, const auto& b) { return a.id.domid < b.id.domid; }));
    const auto times = [&](const Uuid& uuid) {
        return std::count_if(all.begin(), all.end(), [&](const auto& info) { return info.id.uuid == uuid; });
    };
    CHECK(times(one.uuid) == 1);
    CHECK(times(two.uuid) == 1);
}

TEST_CASE_METHOD(Domains_fixture, "More domains than one answer of the hypervisor holds are all listed") {
    const std::size_t had = value(domains->list()).size();
    constexpr std::size_t many = 150;
    const Domain_shape tiny = shape(Guest_type::pv, 4096);
    for (std::size_t i = 0; i < many; ++i)
        create(tiny);
    CHECK(value(domains->list()).size() == had + many);
    for (const Domid domid : made)
        value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "A domain that does not exist is not found, and needs no destroying") {
    const Domid nobody{0x7000};
    const auto kernel = noop_kernel(Noop::waits);
    CHECK(domains->info(nobody).error().fault == Fault::not_found);
    CHECK(domains->pause(nobody).error().fault == Fault::not_found);
    CHECK(domains->unpause(nobody).error().fault == Fault::not_found);
    CHECK(domains->pin(nobody, 0, 0).error().fault == Fault::not_found);
    CHECK(domains->set_affinity(nobody, 0, Affinity::soft, {}).error().fault == Fault::not_found);
    CHECK(domains->vcpus(nobody).error().fault == Fault::not_found);
    CHECK(domains->set_memory_max(nobody, mib).error().fault == Fault::not_found);
    CHECK(domains->stop(nobody, Stop_reason::crash).error().fault == Fault::not_found);
    CHECK(domains->resume(nobody).error().fault == Fault::not_found);
    CHECK(domains->build(nobody, shape(Guest_type::pv), {kernel, {}, ""}).error().fault == Fault::not_found);
    value(domains->destroy(nobody));
}

TEST_CASE_METHOD(Domains_fixture, "Nobody pauses or destroys the host") {
    CHECK(domains->pause(dom0).error().fault == Fault::usage);
    CHECK(domains->destroy(dom0).error().fault == Fault::usage);
    CHECK(domains->stop(dom0, Stop_reason::crash).error().fault == Fault::usage);
    CHECK(domains->save(dom0, -1, {}).error().fault == Fault::usage);
    CHECK(value(domains->info(dom0)).id.domid == dom0);
}

TEST_CASE_METHOD(Domains_fixture, "An impossible shape is refused before anything is made") {
    Domain_shape none = shape(Guest_type::pv);
    none.vcpus = 0;
    CHECK(domains->create(none).error().fault == Fault::usage);
    CHECK(domains->create(shape(Guest_type::pv, 0)).error().fault == Fault::usage);
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "The host says what it has") {
    const Host_info host = value(domains->host());
    CHECK(host.cpus >= 1);
    CHECK(host.free_bytes < host.total_bytes);
    CHECK_FALSE(host.xen_version.empty());
    CHECK(can(Guest_type::pv));
}
