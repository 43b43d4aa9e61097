// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/crew.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace xvm::blkd {

namespace asio = boost::asio;

Crew::Crew(asio::io_context& main, unsigned threads)
    : main_(main), pool_(threads), timer_(main), threads_(threads) {}

Crew::~Crew() {
    pool_.stop();
    join();
}

void Crew::join() {
    pool_.join();
    for (std::thread& helper : helpers_)
        helper.join();
    helpers_.clear();
}

void Crew::at_work(bool begins) {
    if (!begins) {
        done_.fetch_add(1);
        busy_.fetch_sub(1);
        return;
    }
    if (busy_.fetch_add(1) + 1 >= threads_ && !watching_.exchange(true))
        asio::post(main_, [this] { watch(); });
}

void Crew::watch() {
    timer_.expires_after(patience);
    timer_.async_wait([this, before = done_.load()](const boost::system::error_code& e) {
        if (!e) judge(before);
    });
}

void Crew::judge(std::uint64_t done_before) {
    if (busy_ < threads_) {
        watching_ = false;
        // They may have become busy between the two lines.
        if (busy_ < threads_ || watching_.exchange(true)) return;
    } else if (done_ == done_before && threads_ < threads_max) {
        ++threads_;
        helpers_.emplace_back([this] { pool_.attach(); });
        spdlog::warn("all {} threads wait for their disks: one more joins", threads_ - 1);
    }
    watch();
}

} // namespace xvm::blkd
