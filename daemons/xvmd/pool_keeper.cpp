// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/pool_keeper.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace {

constexpr std::chrono::milliseconds quiet{200};
constexpr std::chrono::seconds after_failure{10};
const std::string own_job = "pool of shells"; // no guest's name

} // namespace

Pool_keeper::Pool_keeper(boost::asio::io_context& context, Workers& workers, run::Shell_pool& pool)
    : context_(context), workers_(workers), pool_(pool), timer_(context) {
    pool_.when_taken([this] { refill_soon(); });
}

void Pool_keeper::refill_soon() {
    boost::asio::post(context_, [this] { refill_after(quiet); });
}

void Pool_keeper::refill_after(std::chrono::milliseconds delay) {
    timer_.expires_after(delay); // a create in between puts it off
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        const Status taken = workers_.submit(own_job, [this](run::Ports& ports) {
            const auto more = pool_.refill(ports.domains);
            if (!more) spdlog::warn("the pool cannot be filled: {}", more.error().line());
            if (!more || *more)
                boost::asio::post(context_, [this, failed = !more] {
                    refill_after(failed ? std::chrono::milliseconds(after_failure) : quiet);
                });
        });
        if (!taken) refill_after(after_failure);
    });
}

} // namespace xvm::xvmd
