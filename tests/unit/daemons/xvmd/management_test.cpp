// SPDX-License-Identifier: Apache-2.0
// [S-1] [S-12] [S-13] [S-15] [S-17] [S-21] The management service as xvmd has it: the real one, and those
// that are not as they should be. XVM_SERVICE and BAD_SERVICE name the programs.
#include "daemons/xvmd/management.hpp"
#include "daemons/xvmd/service_process.hpp"
#include "tests/unit/daemons/common/scratch.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace xvm;
using namespace xvm::xvmd;
namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

/// Like xvmd: a thread that serves, others that ask.
class World {
  public:
    explicit World(const std::string& mood, control::Limits limits = {})
        : management(context, events,
                     {"process",
                      [path = program(mood), this]() -> Result<std::unique_ptr<Service_instance>> {
                          XVM_TRY_LET(auto made, Service_process::start(path, scratch.path() + "/service"));
                          return made;
                      },
                      limits}),
          serving([this] { context.run(); }) {}
    ~World() {
        management.close();
        context.stop();
        serving.join();
    }

    decide::Decision list() {
        decide::Question question;
        question.verb = "config.list";
        return management.ask(question);
    }
    std::string state() const { return management.show().at("state").as_string().c_str(); }
    void await(const std::string& wanted) const {
        while (state() != wanted)
            std::this_thread::sleep_for(milliseconds(5));
    }

    tests::Scratch scratch;
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
    Event_log events;
    Management management;
    std::thread serving;

  private:
    std::string program(const std::string& mood) const {
        if (mood == "good") return std::getenv("XVM_SERVICE");
        if (mood == "nowhere") return "/nowhere/xvm-service";
        const std::string link = scratch.path() + "/bad-service-" + mood;
        fs::create_symlink(std::getenv("BAD_SERVICE"), link);
        return link;
    }
};

/// `patience`: for those that never do what is waited for.
control::Limits quick(milliseconds patience = std::chrono::minutes(1)) {
    control::Limits limits;
    limits.idle = milliseconds(200);
    limits.start = limits.answer = patience;
    limits.stop = milliseconds(500);
    return limits;
}

/// Of this process: descriptors, and maps of a channel's memory.
std::pair<std::ptrdiff_t, std::size_t> holdings() {
    std::ifstream maps("/proc/self/maps");
    std::size_t channels = 0;
    for (std::string line; std::getline(maps, line);)
        channels += line.find("xvm-channel") != std::string::npos ? 1 : 0;
    return {std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()), channels};
}

} // namespace

TEST_CASE(
    "[S-12] [S-13] it starts, rests, is stopped, and leaves nothing; and starts again when it is asked") {
    World world("good", quick());
    const auto before = holdings();
    world.management.wake();
    world.await("running");
    CHECK(holdings().second == 1);
    world.await("off");
    CHECK(holdings() == before);
    CHECK(world.list());
    CHECK(world.management.counts().starts == 2);
    world.await("off");
    CHECK(holdings() == before);
}

TEST_CASE("[S-15] [S-17] many ask at once: one start, and everybody is answered") {
    World world("good");
    constexpr unsigned askers = 60;
    std::atomic<unsigned> answered = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < askers; ++i)
        threads.emplace_back([&] { answered += world.list() ? 1 : 0; });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(answered == askers);
    CHECK(world.management.counts().starts == 1);
    CHECK(world.management.counts().answered == askers);
}

TEST_CASE("a thousand ask at once: more than may wait are refused, the others answered, each once") {
    World world("good");
    constexpr unsigned askers = 1000;
    std::atomic<unsigned> answered = 0;
    std::atomic<unsigned> refused = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < askers; ++i)
        threads.emplace_back([&] {
            const auto decision = world.list();
            if (decision)
                ++answered;
            else if (decision.error().fault == Fault::exhausted)
                ++refused;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(answered + refused == askers);
    CHECK(answered >= 256);
    CHECK(world.management.counts().starts == 1);
}

TEST_CASE("[S-21] killed between requests it is started anew, and tells how it ended") {
    World world("good");
    CHECK(world.list());
    ::kill(static_cast<pid_t>(world.management.show().at("pid").as_int64()), SIGKILL);
    world.await("off");
    CHECK(world.management.show().at("failure") == "ended by itself, killed by signal 9");
    CHECK(world.list());
    CHECK(world.management.counts().starts == 2);
}

TEST_CASE("[S-21] [S-13] whatever is wrong with it, who asked is told, and off is clean") {
    const auto [mood, fault] = GENERATE(table<std::string, Fault>({
        {"nowhere", Fault::unreachable},
        {"exit", Fault::unreachable},
        {"mute", Fault::timeout},
        {"die-taking", Fault::unreachable},
        {"hang", Fault::timeout},
        {"index", Fault::failed},
        {"nonsense", Fault::failed},
        {"unasked", Fault::failed},
        {"deep", Fault::failed},
        {"too-much", Fault::failed},
    }));
    INFO(mood);
    const bool silent = mood == "mute" || mood == "hang";
    World world(mood, silent ? quick(milliseconds(1500)) : quick());
    const auto before = holdings();
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto decision = world.list();
        REQUIRE_FALSE(decision);
        INFO(decision.error().line());
        CHECK(decision.error().fault == fault);
        world.await("off");
        CHECK(holdings() == before);
    }
    CHECK(world.management.counts().refused == 2);
}

TEST_CASE("[S-21] one that dies when it is ready, answers twice, or dies after its answer: told or served, "
          "and clean") {
    const std::string mood = GENERATE("die-ready", "twice", "die-answered");
    INFO(mood);
    World world(mood, quick());
    const auto before = holdings();
    const auto decision = world.list();
    if (!decision) CHECK(decision.error().fault != Fault::usage);
    CHECK(world.management.counts().answered + world.management.counts().refused == 1);
    world.await("off");
    CHECK(holdings() == before);
}

TEST_CASE("one that does not stop is ended by force") {
    World world("deaf", quick());
    world.management.wake();
    world.await("running");
    world.await("off");
    CHECK(world.management.show().at("failure") == "was ended by force");
}

TEST_CASE("it is stopped by hand only when it has nothing to do") {
    World world("hang");
    REQUIRE(world.management.stop()); // off already
    std::thread asking([&] { static_cast<void>(world.list()); });
    while (world.management.show().at("under_way").to_number<int>() == 0)
        std::this_thread::sleep_for(milliseconds(5));
    const Status stopped = world.management.stop();
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().fault == Fault::busy);
    // The end of xvmd: who waits is told, and nobody waits any more.
    world.management.close();
    asking.join();
    CHECK(world.list().error().fault == Fault::unreachable);
}
