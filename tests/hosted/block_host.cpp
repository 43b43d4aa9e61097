// SPDX-License-Identifier: Apache-2.0
#include "tests/hosted/block_host.hpp"

#include <boost/asio/post.hpp>
#include <cstdlib>
#include <iostream>

namespace xvm::test {

namespace asio = boost::asio;
using port::hosted::Process;

namespace {

std::shared_ptr<Process> start(const std::shared_ptr<port::hosted::Host>& host) {
    auto process = port::hosted::start_process(host, dom0);
    if (!process) {
        std::cerr << process.error().line() << "\n";
        std::abort();
    }
    return std::move(*process);
}

} // namespace

Backend_process::Backend_process(std::shared_ptr<port::hosted::Host> host)
    : pool_(std::make_unique<asio::thread_pool>(2)) {
    const std::shared_ptr<Process> process = start(host);
    blkd::World world;
    world.store = {process, &process->store()};
    world.open_handles = [host]() -> Result<block::Queue::Handles> {
        const std::shared_ptr<Process> own = start(host);
        return block::Queue::Handles{{own, &own->events()}, {own, &own->grants()}};
    };
    backend_ = std::make_unique<blkd::Backend>(context_, pool_->get_executor(), std::move(world),
                                               [](const Error& error) { std::cerr << error.line() << "\n"; });
    if (const Status started = backend_->start(); !started) std::abort();
    thread_ = std::thread([this] {
        const auto work = asio::make_work_guard(context_);
        context_.run();
    });
}

Backend_process::~Backend_process() {
    if (backend_) kill();
}

void Backend_process::stop() {
    std::promise<void> stopped;
    asio::post(context_, [&] { backend_->stop([&] { stopped.set_value(); }); });
    stopped.get_future().wait();
    end();
}

void Backend_process::kill() {
    pool_->stop(); // a batch at hand ends; the next one never begins
    end();
}

void Backend_process::end() {
    context_.stop();
    thread_.join();
    pool_->stop();
    pool_->join();
    backend_.reset();
    pool_.reset(); // and with the handlers it held, the queues
}

std::vector<blkd::Vbd::Report> Backend_process::reports() {
    std::promise<std::vector<blkd::Vbd::Report>> answer;
    asio::post(context_, [&] {
        std::vector<blkd::Vbd::Report> all;
        backend_->for_each([&](const blkd::Vbd& vbd) { all.push_back(vbd.report()); });
        answer.set_value(std::move(all));
    });
    return answer.get_future().get();
}

} // namespace xvm::test
