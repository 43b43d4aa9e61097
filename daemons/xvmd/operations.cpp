// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/operations.hpp"

#include <algorithm>

namespace xvm::xvmd {
namespace {

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace

Operation::Operation(std::uint64_t id, std::string verb, std::string name, const Uuid& uuid,
                     std::int64_t client_pid)
    : id_(id), verb_(std::move(verb)), name_(std::move(name)), uuid_(uuid), client_pid_(client_pid),
      started_ms_(now_ms()) {}

void Operation::at(const std::string& step, bool undoing) {
    const std::lock_guard lock(mutex_);
    step_ = step;
    if (undoing) state_ = "undoing";
}

void Operation::end(const Status& outcome) {
    const std::lock_guard lock(mutex_);
    state_ = outcome ? "done" : cancelled_ ? "cancelled" : "failed";
    if (!outcome) error_ = outcome.error();
    ended_ms_ = now_ms();
}

bool Operation::over() const {
    const std::lock_guard lock(mutex_);
    return ended_ms_ != 0;
}

boost::json::object Operation::json() const {
    const std::lock_guard lock(mutex_);
    boost::json::object object{
        {"schema", "xvm.operation/1"}, {"id", id_},       {"verb", verb_}, {"name", name_},
        {"uuid", uuid_.text()},        {"state", state_}, {"step", step_}, {"started_ms", started_ms_}};
    if (client_pid_ != 0) object["client_pid"] = client_pid_;
    if (ended_ms_ != 0) object["ended_ms"] = ended_ms_;
    if (moved_bytes_ != 0) object["moved_bytes"] = moved_bytes_.load();
    if (error_) object["error"] = api::failure_json(*error_);
    return object;
}

std::shared_ptr<Operation> Operations::begin(const std::string& verb, const std::string& name,
                                             const Uuid& uuid, std::int64_t client_pid) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::make_shared<Operation>(++last_, verb, name, uuid, client_pid));
    auto made = kept_.back();
    // Those that run are not forgotten: the workers bound their number.
    for (auto it = kept_.begin(); kept_.size() > kept_max && it != kept_.end();)
        it = (*it)->over() ? kept_.erase(it) : std::next(it);
    return made;
}

std::shared_ptr<Operation> Operations::find(std::uint64_t id) const {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return one->id() == id; });
    return found != kept_.end() ? *found : nullptr;
}

std::vector<std::shared_ptr<Operation>> Operations::all() const {
    const std::lock_guard lock(mutex_);
    return {kept_.begin(), kept_.end()};
}

} // namespace xvm::xvmd
