// SPDX-License-Identifier: Apache-2.0
// xvm-timed on a hosted machine, as the page's owner itself: who asks gets the page, and nobody else.
#include "daemons/xvm-timed/service.hpp"
#include "libvmshare/port/hosted/process.hpp"
#include "libvmshare/timer/map.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>

using namespace xvm;
using port::hosted::Host;
using port::hosted::Process;

namespace {

const std::string offer = "/local/domain/7/xvtime";
const std::string wish = "/local/domain/7/data/xvtime";

struct Machine {
    std::shared_ptr<Host> host = Host::make();
    std::shared_ptr<Process> dom0_process;
    std::unique_ptr<Process> guest;
    boost::asio::io_context context{1};
    std::unique_ptr<timed::Service> service;

    Machine() {
        REQUIRE(host->add_domain(Domid{7}));
        dom0_process = port::hosted::start_process(host, dom0).value();
        guest = port::hosted::start_process(host, Domid{7}).value();
        REQUIRE(dom0_process->store().make("/local/domain/7/data"));
        const port::Store_permission guests[] = {{Domid{7}, port::Store_access::none}};
        REQUIRE(dom0_process->store().set_permissions("/local/domain/7/data", guests));
        begin();
    }
    ~Machine() { end(); }
    void begin() {
        dom0_process = port::hosted::start_process(host, dom0).value(); // each daemon is a process of its own
        std::shared_ptr<port::Granter> granter{dom0_process, &dom0_process->granter()};
        auto source = timed::make_user_source(context, granter, {});
        REQUIRE(source);
        service = std::make_unique<timed::Service>(
            context, std::shared_ptr<port::Store>{dom0_process, &dom0_process->store()}, std::move(*source),
            [](const Error& error) { FAIL(error.line()); });
        REQUIRE(service->start());
    }
    void end() {
        if (service) service->stop();
        service.reset();
        dom0_process.reset();
    }
    void run(std::chrono::milliseconds time) {
        context.restart();
        context.run_for(time);
    }
    /// Until it holds, or a long time has passed.
    template <class Condition>
    bool until(Condition holds) {
        for (int i = 0; i < 500 && !holds(); ++i)
            run(std::chrono::milliseconds(20));
        return holds();
    }
    void ask(const std::string& version = "1") { REQUIRE(guest->store().write(wish + "/version", version)); }
    std::string read(const std::string& node) { return guest->store().read(offer + "/" + node).value_or(""); }
    port::Grant_map map(port::Access access = port::Access::read_only) {
        const Gref gref{static_cast<std::uint32_t>(std::stoul(read("ref")))};
        auto mapped = guest->grants().map(dom0, std::span(&gref, 1), access);
        return mapped ? std::move(*mapped) : port::Grant_map{};
    }
};

xvm_time_reader open_page(const port::Grant_map& map) {
    xvm_time_reader r;
    REQUIRE(xvm_time_open(&r, reinterpret_cast<const xvm_time_page*>(map.bytes().data()), nullptr) ==
            XVM_TIME_OK);
    return r;
}

} // namespace

TEST_CASE("A guest that asks gets the page, and time runs in it; without a wish there is none") {
    Machine m;
    m.run(std::chrono::milliseconds(50));
    CHECK(m.read("ref").empty());
    m.ask();
    REQUIRE(m.until([&] { return !m.read("ref").empty(); }));
    CHECK(m.read("version") == "1");
    CHECK(m.read("owner") == "program");
    const port::Grant_map map = m.map();
    xvm_time_reader r = open_page(map);
    CHECK(std::to_string(r.constants.owner_id) == m.read("id"));
    const std::uint64_t first = xvm_time_read_tick(&r);
    CHECK(m.until([&] { return xvm_time_read_tick(&r) > first; }));
    std::uint64_t ns = 0;
    CHECK(xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK);
}

TEST_CASE("The grant is read-only", "[T-8]") {
    Machine m;
    m.ask();
    REQUIRE(m.until([&] { return !m.read("ref").empty(); }));
    CHECK(m.map(port::Access::read_write).bytes().empty());
    CHECK_FALSE(m.map().bytes().empty());
}

TEST_CASE("The owner writes while somebody has the page, and rests without") {
    Machine m;
    const std::string file =
        (std::filesystem::temp_directory_path() / "xvm-timed-rest").string() + std::to_string(::getpid());
    auto source = timed::make_user_source(
        m.context, std::shared_ptr<port::Granter>{m.dom0_process, &m.dom0_process->granter()}, file);
    REQUIRE(source);
    xvm_time_map map;
    REQUIRE(xvm_time_map_file(&map, file.c_str(), false));
    const auto writes = [&] { return XVM_TIME_LOAD(xvm_time_page_of(&map)->stats.writes); };
    const auto state = [&] { return XVM_TIME_LOAD(xvm_time_page_of(&map)->tick.state); };
    m.run(std::chrono::milliseconds(50));
    CHECK(writes() == 0);
    REQUIRE((*source)->give(Domid{7}));
    CHECK(m.until([&] { return writes() > 2; }));
    CHECK(state() == XVM_TIME_RUNNING);
    REQUIRE((*source)->take_back(Domid{7}));
    CHECK(state() == XVM_TIME_RESTING);
    const std::uint64_t last = writes();
    m.run(std::chrono::milliseconds(50));
    CHECK(writes() == last);
    xvm_time_unmap(&map);
    std::filesystem::remove(file);
}

TEST_CASE("A guest of another version is told so, in one line") {
    Machine m;
    m.ask("2");
    REQUIRE(m.until([&] { return !m.read("error").empty(); }));
    CHECK(m.read("ref").empty());
    m.ask("1"); // an update of its module
    CHECK(m.until([&] { return !m.read("ref").empty(); }));
}

TEST_CASE("Who asks no more loses offer and grant, as soon as it is not mapped; who ends, too") {
    Machine m;
    m.run(std::chrono::milliseconds(20));
    m.ask();
    REQUIRE(m.until([&] { return !m.read("ref").empty(); }));
    SECTION("asks no more, still mapped") {
        auto map = m.map();
        REQUIRE(m.guest->store().remove(wish));
        CHECK(m.until([&] { return m.read("ref").empty(); }));
        xvm_time_reader r = open_page(map);
        CHECK(xvm_time_read_tick(&r) != 0);
        map = {};
        m.run(std::chrono::milliseconds(1500)); // it is tried again
    }
    SECTION("ends") {
        const auto map = m.map();
        m.host->destroy_domain(Domid{7});
        m.run(std::chrono::milliseconds(200));
    }
    const auto& grants = m.host->dump().at("grants");
    CHECK((grants.is_array() ? grants.as_array().empty() : grants.as_object().empty()));
}

TEST_CASE("After the owner's death its successor offers another page, on which time goes on", "[T-9][T-11]") {
    Machine m;
    m.ask();
    REQUIRE(m.until([&] { return !m.read("ref").empty(); }));
    const std::string id = m.read("id");
    const auto old = m.map();
    xvm_time_reader r = open_page(old);
    CHECK(m.until([&] { return xvm_time_read_tick(&r) != 0; }));
    const std::uint64_t before = xvm_time_read_tick(&r);
    m.end();
    std::uint64_t ns = 0;
    CHECK(xvm_time_now_coarse(&r, &ns) == XVM_TIME_STALE);
    m.begin();
    REQUIRE(m.until([&] { return !m.read("id").empty() && m.read("id") != id; }));
    const auto fresh = m.map();
    xvm_time_reader next = open_page(fresh);
    CHECK(m.until([&] { return xvm_time_read_tick(&next) >= before; }));
}
