// SPDX-License-Identifier: Apache-2.0
// Threads of xvm-blkd: disks that hang do not take the others' turn.
#include "daemons/xvm-blkd/crew.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <spdlog/spdlog.h>

using namespace xvm;

namespace {

/// A main thread for the crew to be watched from.
class Main {
  public:
    Main() : guard_(boost::asio::make_work_guard(context)), thread_([this] { context.run(); }) {
        spdlog::set_level(spdlog::level::off);
    }
    ~Main() {
        context.stop();
        thread_.join();
    }
    boost::asio::io_context context{1};

  private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    std::thread thread_;
};

template <class Batch>
void post(blkd::Crew& crew, Batch batch) {
    boost::asio::post(crew.executor(), [&crew, batch = std::move(batch)]() mutable {
        crew.at_work(true);
        batch();
        crew.at_work(false);
    });
}

} // namespace

TEST_CASE("Disks that hang, as many as there are threads, do not stall the others", "[disk]") {
    Main main;
    blkd::Crew crew(main.context, 2);
    std::promise<void> server_back;
    const std::shared_future<void> hang = server_back.get_future().share();
    for (int stuck = 0; stuck < 4; ++stuck)
        post(crew, [hang] { hang.wait(); });
    auto served = std::make_shared<std::promise<void>>();
    auto future = served->get_future();
    post(crew, [served] { served->set_value(); });
    const bool in_time = future.wait_for(std::chrono::seconds(60)) == std::future_status::ready;
    CHECK(in_time);
    CHECK(crew.threads() >= 5);
    server_back.set_value();
    crew.join();
}

TEST_CASE("Threads that get on with their work stay as many as they were", "[disk]") {
    Main main;
    blkd::Crew crew(main.context, 2);
    std::atomic<int> done{0};
    for (int batch = 0; batch < 2000; ++batch)
        post(crew, [&done] { ++done; });
    crew.join();
    CHECK(done == 2000);
    CHECK(crew.threads() == 2);
}
