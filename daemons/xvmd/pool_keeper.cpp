// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/pool_keeper.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/port/boot_check.hpp"
#include "toolstack/plan/config_json.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace json = boost::json;

/// The policy as the file has it.
struct Kept_policy {
    unsigned size = 0;
    plan::Guest_type type = plan::Guest_type::pv;
    std::uint64_t memory_bytes = 0;
    unsigned vcpus = 1;
};
BOOST_DESCRIBE_STRUCT(Kept_policy, (), (size, type, memory_bytes, vcpus))

namespace {

constexpr std::chrono::milliseconds quiet{200};
constexpr std::chrono::seconds after_failure{10};
const std::string own_job = "pool of shells"; // no guest's name
constexpr std::size_t file_bytes_max = 4096;

std::string text_of(const run::Pool_policy& policy) {
    const bool pv = policy.type == port::Guest_type::pv;
    return json::serialize(plan::to_object(Kept_policy{
        policy.size, pv ? plan::Guest_type::pv : plan::Guest_type::pvh, policy.memory_bytes, policy.vcpus}));
}

Result<run::Pool_policy> read_policy(const std::string& path) {
    XVM_TRY_LET(const std::string text, read_text(path, file_bytes_max));
    json::error_code error;
    const json::value value = json::parse(text, error);
    if (error)
        return fail(Fault::failed, path, "is damaged: " + error.message(), "say it anew: xvm pool set");
    XVM_TRY_LET(const auto kept, plan::from_value<Kept_policy>(value, path));
    const auto type = kept.type == plan::Guest_type::pv ? port::Guest_type::pv : port::Guest_type::pvh;
    const run::Pool_policy policy{std::min(kept.size, run::Pool_policy::size_max), type, kept.memory_bytes,
                                  kept.vcpus};
    if (policy.size != 0)
        XVM_TRY(port::check_shape(
            {run::shell_uuid(), policy.type, policy.vcpus, policy.memory_bytes, policy.memory_bytes}));
    return policy;
}

} // namespace

Pool_keeper::Pool_keeper(boost::asio::io_context& context, Workers& workers, run::Shell_pool& pool,
                         std::string file)
    : context_(context), workers_(workers), pool_(pool), file_(std::move(file)), timer_(context) {
    pool_.when_taken([this] { refill_soon(); });
}

void Pool_keeper::when_taken(std::function<void()> taken) {
    pool_.when_taken([this, taken = std::move(taken)] {
        refill_soon();
        taken();
    });
}

Status Pool_keeper::set_policy(run::Ports& ports, const run::Pool_policy& policy) {
    XVM_TRY(make_directories(std::filesystem::path(file_).parent_path()));
    XVM_TRY(replace_file(file_, text_of(policy), Durable::yes));
    XVM_TRY(pool_.set_policy(ports, policy));
    refill_soon();
    return {};
}

void Pool_keeper::resume() {
    const auto policy = read_policy(file_);
    if (!policy) {
        if (policy.error().fault != Fault::not_found)
            spdlog::error("{}; the pool of shells is off", policy.error().line());
        return;
    }
    const Status taken = workers_.submit(own_job, [this, policy = *policy](run::Ports& ports) {
        if (const Status set = pool_.set_policy(ports, policy); !set)
            spdlog::error("the pool of shells is off: {}", set.error().line());
        refill_soon();
    });
    if (!taken) spdlog::error("the pool of shells is off: {}", taken.error().line());
}

void Pool_keeper::refill_soon() {
    boost::asio::post(context_, [this] { refill_after(quiet); });
}

void Pool_keeper::refill_after(std::chrono::milliseconds delay) {
    timer_.expires_after(delay); // a create in between puts it off
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        const Status taken = workers_.submit(own_job, [this](run::Ports& ports) {
            const auto more = pool_.refill(ports);
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
