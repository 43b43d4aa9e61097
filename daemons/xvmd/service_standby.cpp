// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/service_standby.hpp"

#include <spdlog/spdlog.h>

namespace xvm::xvmd {
using boost::asio::posix::stream_descriptor;
namespace {

constexpr int end_wait_ms = 5000;

} // namespace

void Service_standby::prepare() {
    if (domain_) return;
    auto made = Service_domain::start_held(wiring_);
    if (!made) return spdlog::warn("no service domain in advance: {}", made.error().line());
    domain_ = std::move(*made);
    boost::system::error_code wrong;
    for (const int fd : domain_->fds())
        if (!wrong) watched_.emplace_back(context_).assign(fd, wrong);
    if (wrong) {
        spdlog::warn("no service domain in advance: cannot be watched: {}", wrong.message());
        return close();
    }
    for (auto& descriptor : watched_)
        await(descriptor);
}

void Service_standby::await(stream_descriptor& descriptor) {
    descriptor.async_wait(stream_descriptor::wait_read,
                          [this, &descriptor](const boost::system::error_code& error) {
                              if (error || !domain_) return;
                              look();
                              if (domain_) await(descriptor);
                          });
}

void Service_standby::look() {
    domain_->look();
    if (domain_->is_held() && !ready_) {
        ready_ = true;
        spdlog::info("the next service is {}, ready and paused", domain_->text());
    }
    const auto ending = domain_->ended(0);
    if (!ending) return;
    spdlog::warn("the service domain made in advance: {}", ending->how);
    let_go();
    domain_.reset();
}

std::unique_ptr<Service_domain> Service_standby::take() {
    if (!domain_) return nullptr;
    look(); // it may be gone, and nobody has looked yet
    if (!domain_) return nullptr;
    let_go();
    domain_->release();
    return std::move(domain_);
}

void Service_standby::close() {
    if (!domain_) return;
    let_go();
    domain_->kill();
    if (!domain_->ended(end_wait_ms))
        spdlog::error("the service domain made in advance: {} is left behind", domain_->text());
    domain_.reset();
}

/// Nobody watches the domain any more; its descriptors are its own to close.
void Service_standby::let_go() {
    ready_ = false;
    boost::system::error_code ignored;
    for (auto& descriptor : watched_) {
        descriptor.cancel(ignored);
        descriptor.release();
    }
    watched_.clear();
}

} // namespace xvm::xvmd
