// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/block_service.hpp"

#include "toolstack/api/target.hpp"

namespace xvm::xvmd {
namespace {

constexpr std::chrono::seconds silence_max{3};

} // namespace

Block_service::Block_service(std::string socket_path)
    : client_(std::move(socket_path), "xvm-blkd", silence_max) {}

Status Block_service::check() const {
    const auto answer = client_.call({"GET", api::target({"v1", "version"}), {}, {}});
    // Any answer is a sign of life, a refusal too.
    if (answer || (answer.error().fault != Fault::unreachable && answer.error().fault != Fault::timeout &&
                   answer.error().fault != Fault::denied))
        return {};
    return tl::unexpected<Error>(answer.error());
}

tl::expected<boost::json::value, api::Failure> Block_service::disks() const {
    return client_.call({"GET", api::target({"v1", "vbds"}), {}, {}});
}

tl::expected<boost::json::value, api::Failure>
Block_service::trace(Domid guest, std::uint32_t devid, std::optional<std::uint64_t> after) const {
    const std::string domid = std::to_string(number(guest)), disk = std::to_string(devid);
    if (!after) return client_.call({"GET", api::target({"v1", "vbds", domid, disk, "trace"}), {}, {}});
    const std::string seq = std::to_string(*after);
    return client_.call({"GET", api::target({"v1", "vbds", domid, disk, "trace"}, {{"after", seq}}), {}, {}});
}

} // namespace xvm::xvmd
