// SPDX-License-Identifier: Apache-2.0
// [S-17] The service's loop on a channel of its own: ready first, then each request in its order, then the
// end.
#include "daemons/xvm-service/config_database.hpp"
#include "daemons/xvm-service/serve.hpp"
#include "tests/unit/daemons/common/scratch.hpp"
#include "toolstack/decide/decide.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

using namespace xvm;
namespace json = boost::json;
using channel::Kind;
using channel::Message;

namespace {

struct Broker {
    void* memory =
        ::mmap(nullptr, XVM_CHANNEL_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    std::span<std::byte> region{static_cast<std::byte*>(memory), XVM_CHANNEL_REGION_BYTES};
    channel::End end = channel::End::create(region).value();
    channel::End other = channel::End::attach(region).value();
    int down = ::eventfd(0, EFD_CLOEXEC);
    int up = ::eventfd(0, EFD_CLOEXEC);

    ~Broker() {
        ::close(down);
        ::close(up);
        ::munmap(memory, XVM_CHANNEL_REGION_BYTES);
    }
    void send(const Message& message) {
        REQUIRE(end.put(message));
        if (end.turn().notify) ring();
    }
    void ring() const {
        const std::uint64_t once = 1;
        REQUIRE(::write(down, &once, sizeof once) == sizeof once);
    }
    std::vector<Message> await(std::size_t count) {
        std::vector<Message> got;
        while (got.size() < count) {
            auto turn = end.turn();
            if (turn.notify) ring();
            for (Message& message : turn.got)
                got.push_back(std::move(message));
            if (got.size() >= count || turn.more) continue;
            pollfd one{up, POLLIN, 0};
            REQUIRE(::poll(&one, 1, 30000) == 1);
            std::uint64_t times = 0;
            REQUIRE(::read(up, &times, sizeof times) == sizeof times);
        }
        return got;
    }
};

Message list_request(std::uint64_t id) {
    decide::Question question;
    question.verb = "config.list";
    Message message;
    message.id = id;
    message.payload = json::serialize(decide::question_json(question));
    return message;
}

decide::Decision decision_in(const Message& answer) {
    return decide::parse_decision(json::parse(answer.payload)).value();
}

} // namespace

TEST_CASE("[S-17] requests are answered in order, and it ends when it is told and has answered all") {
    const tests::Scratch scratch;
    const auto configs = service::Config_database::open(scratch.path());
    REQUIRE(configs);
    Broker broker;
    Status ended;
    std::thread serving([&] {
        ended =
            service::serve(service::process_wires(broker.other, broker.down, broker.up), "hello", **configs);
    });
    const auto ready = broker.await(1);
    CHECK(ready[0].kind == Kind::ready);
    CHECK(ready[0].credits == service::credits);
    CHECK(ready[0].payload == "hello");
    for (std::uint64_t id = 1; id <= 20; ++id)
        broker.send(list_request(id));
    Message stop;
    stop.kind = Kind::stop;
    broker.send(stop);
    const auto answers = broker.await(20);
    serving.join();
    CHECK(ended);
    for (std::uint64_t id = 1; id <= 20; ++id) {
        CHECK(answers[id - 1].kind == Kind::answer);
        CHECK(answers[id - 1].id == id);
        CHECK(answers[id - 1].taken_ns <= answers[id - 1].sent_ns);
        CHECK(decision_in(answers[id - 1]));
    }
}

TEST_CASE("what xvmd may not send ends it with an error") {
    const tests::Scratch scratch;
    const auto configs = service::Config_database::open(scratch.path());
    Broker broker;
    Status ended;
    std::thread serving([&] {
        ended = service::serve(service::process_wires(broker.other, broker.down, broker.up), "", **configs);
    });
    Message answer;
    answer.kind = Kind::answer;
    broker.send(answer);
    serving.join();
    CHECK_FALSE(ended);
}

TEST_CASE("a question that cannot be understood, or that nobody waits for, is answered with why") {
    const tests::Scratch scratch;
    const auto configs = service::Config_database::open(scratch.path());
    Message request = list_request(1);
    SECTION("in time") {
        request.limit_ms = 10;
        CHECK(decision_in(service::answer_to(request, **configs, 10000000)));
    }
    SECTION("too late") {
        request.limit_ms = 10;
        CHECK(decision_in(service::answer_to(request, **configs, 10000001)).error().fault == Fault::timeout);
    }
    SECTION("no JSON") {
        request.payload = "{";
        CHECK_FALSE(decision_in(service::answer_to(request, **configs, 1)));
    }
    SECTION("no question") {
        request.payload = "{}";
        CHECK_FALSE(decision_in(service::answer_to(request, **configs, 1)));
    }
}
