// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/management.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace json = boost::json;
using control::Action;
using Clock = std::chrono::steady_clock;
using boost::asio::posix::stream_descriptor;
namespace {

constexpr int last_wait_ms = 2000; // for the service to end in order when xvmd does
constexpr int killed_wait_ms = 5000;

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
}

/// The service's stamps are its word: one that lies elsewhere counts as nothing.
std::uint64_t between_us(std::uint64_t from_ns, std::uint64_t to_ns) {
    return to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;
}

/// `failure`: what went wrong last, for a service that could not be started.
decide::Decision refusal(control::Why why, const std::string& failure) {
    Error error = control::error_of(why);
    if (why == control::Why::start_failed && !failure.empty()) error.cause += ": " + failure;
    return tl::unexpected<api::Failure>(std::move(error));
}

/// What the service says of itself, for people: one line of printable text.
std::string quoted(const json::value& value) {
    std::string text = value.is_string() ? std::string(value.get_string()) : std::string{};
    if (text.size() > 200) text.resize(200);
    for (char& one : text)
        if (static_cast<unsigned char>(one) < 0x20 || static_cast<unsigned char>(one) >= 0x7f) one = '?';
    return text;
}

} // namespace

Management::Management(boost::asio::io_context& context, Event_log& events, Setup setup)
    : context_(context), events_(events), setup_(std::move(setup)), machine_(setup_.limits), timer_(context) {
}

decide::Decision Management::ask(const decide::Question& question) {
    channel::Message request;
    request.payload = json::serialize(decide::question_json(question));
    request.limit_ms = static_cast<std::uint32_t>(setup_.limits.answer.count());
    if (request.payload.size() > XVM_CHANNEL_MESSAGE_BYTES)
        return tl::unexpected<api::Failure>(
            Error{Fault::usage, "request", "is too large for the management service", "make it smaller"});
    std::future<decide::Decision> answer;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return refusal(control::Why::ending, {});
        const control::Request_id id = next_id_++;
        request.id = id;
        Pending& pending = pending_[id];
        pending.request = std::move(request);
        answer = pending.promise.get_future();
        carry_out(machine_.request(id));
    }
    return answer.get();
}

void Management::wake() {
    const std::lock_guard lock(mutex_);
    if (!closed_) carry_out(machine_.wake());
}

Status Management::stop() {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(control::Actions actions, machine_.stop());
    carry_out(std::move(actions));
    return {};
}

json::object Management::show() const {
    const std::lock_guard lock(mutex_);
    json::object all{{"schema", "xvm.service/1"},
                     {"mode", setup_.mode},
                     {"state", control::name_of(machine_.state())},
                     {"starts", machine_.starts()},
                     {"waiting", machine_.waiting()},
                     {"under_way", machine_.under_way()},
                     {"answered", answered_},
                     {"refused", refused_},
                     {"idle_ms", setup_.limits.idle.count()}};
    if (instance_) instance_->describe(all);
    if (setup_.standby) all["standby"] = setup_.standby() ? "ready" : "none";
    if (start_us_ > 0) all["start_us"] = start_us_;
    if (!confined_.is_null()) all["confined"] = confined_;
    if (last_) {
        all["whole_us"] = last_->whole_us;
        all["work_us"] = last_->work_us;
        if (last_->there_us) all["there_us"] = *last_->there_us;
        if (last_->back_us) all["back_us"] = *last_->back_us;
    }
    if (!damaged_.empty()) all["damaged"] = damaged_;
    if (!last_failure_.empty()) all["failure"] = last_failure_;
    return all;
}

Management::Counts Management::counts() const {
    const std::lock_guard lock(mutex_);
    return {machine_.state(), machine_.starts(), answered_, refused_};
}

void Management::close() {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    carry_out(machine_.end());
    if (instance_) {
        auto ending = instance_->ended(last_wait_ms);
        spdlog::info("management service: {}", ending ? "ended, " + ending->how : "does not end, is killed");
        if (!ending) {
            instance_->kill();
            ending = instance_->ended(killed_wait_ms);
            if (!ending) spdlog::error("management service: {} is left behind", instance_->text());
        }
    }
    release();
    carry_out(machine_.ended());
}

// --- actions -------------------------------------------------------------------------------------------

/// One after the other, also those that an action leads to.
void Management::carry_out(control::Actions actions) {
    to_do_.insert(to_do_.end(), actions.begin(), actions.end());
    if (doing_) return;
    doing_ = true;
    while (!to_do_.empty()) {
        const Action action = to_do_.front();
        to_do_.pop_front();
        carry_out(action);
    }
    doing_ = false;
}

void Management::carry_out(const Action& action) {
    switch (action.kind) {
    case Action::Kind::start:
        return start();
    case Action::Kind::stop: {
        channel::Message stop;
        stop.kind = channel::Kind::stop;
        stop.sent_ns = now_ns();
        unsent_.push_back(std::move(stop));
        return flush();
    }
    case Action::Kind::force:
        forced_ = true;
        if (instance_) instance_->kill();
        return;
    case Action::Kind::forward: {
        channel::Message& request = pending_[action.id].request;
        request.sent_ns = now_ns();
        unsent_.push_back(std::move(request));
        return flush();
    }
    case Action::Kind::deliver: {
        const auto found = pending_.find(action.id);
        if (found == pending_.end() || !found->second.decision) return;
        ++answered_;
        return finish(action.id, std::move(*found->second.decision));
    }
    case Action::Kind::refuse:
        ++refused_;
        return finish(action.id, refusal(action.why, last_failure_));
    case Action::Kind::arm:
        timer_.expires_after(action.delay);
        return timer_.async_wait([this, alarm = action.alarm](const boost::system::error_code& error) {
            const std::lock_guard lock(mutex_);
            if (!error && !closed_) carry_out(machine_.timer(alarm));
        });
    case Action::Kind::disarm:
        timer_.cancel();
        return;
    }
}

void Management::finish(control::Request_id id, decide::Decision decision) {
    auto node = pending_.extract(id);
    if (node) node.mapped().promise.set_value(std::move(decision));
}

/// On the context's thread: a process ends with the thread that started it, and this one lives as long as
/// xvmd.
void Management::start() {
    ++life_;
    forced_ = false;
    unsent_.clear();
    started_at_ = Clock::now();
    boost::asio::post(context_, [this, life = life_] {
        const std::lock_guard lock(mutex_);
        if (closed_ || life != life_) return;
        if (forced_) return carry_out(machine_.ended()); // it was too late before it began
        begin();
    });
}

void Management::begin() {
    auto made = setup_.make();
    if (!made) return fail_start(made.error());
    instance_ = std::move(*made);
    boost::system::error_code wrong;
    for (const int fd : instance_->fds())
        if (!wrong) watched_.emplace_back(context_).assign(fd, wrong);
    if (wrong) {
        release();
        return fail_start({Fault::failed, "management service", "cannot be watched: " + wrong.message(), {}});
    }
    spdlog::debug("management service: {} starts", instance_->text());
    for (auto& descriptor : watched_)
        await(life_, descriptor);
}

void Management::fail_start(const Error& error) {
    last_failure_ = error.line();
    spdlog::error("management service: {}", error.line());
    tell("service-failed", error.line());
    carry_out(machine_.ended());
}

/// Gives the channel what it takes, and takes what it has.
channel::End::Turn Management::exchange() {
    while (!unsent_.empty() && instance_->put(unsent_.front()))
        unsent_.pop_front();
    return instance_->turn();
}

/// What came meanwhile is taken in a turn of its own: an action is being carried out.
void Management::flush() {
    if (!instance_) return;
    auto turn = exchange();
    if (turn.got.empty() && !turn.more && instance_->fault().empty()) return;
    boost::asio::post(context_, [this, life = life_, turn = std::move(turn)]() mutable {
        const std::lock_guard lock(mutex_);
        work(life, std::move(turn));
    });
}

void Management::work(std::uint64_t life, channel::End::Turn turn) {
    for (;;) {
        for (const channel::Message& message : turn.got) {
            if (!is_current(life)) return;
            take(message);
        }
        if (!is_current(life)) return;
        if (!instance_->fault().empty())
            return nonsense("its channel is broken: " + std::string(instance_->fault()));
        if (!turn.more) return;
        turn = exchange();
    }
}

void Management::await(std::uint64_t life, stream_descriptor& descriptor) {
    descriptor.async_wait(stream_descriptor::wait_read,
                          [this, life, &descriptor](const boost::system::error_code& error) {
                              const std::lock_guard lock(mutex_);
                              if (error || life != life_ || !instance_ || closed_) return;
                              instance_->look();
                              // What it said before it ended counts.
                              if (is_current(life)) work(life, exchange());
                              if (life != life_ || !instance_) return;
                              if (const auto ending = instance_->ended(0)) return has_ended(*ending);
                              await(life, descriptor);
                          });
}

// --- what the service says -----------------------------------------------------------------------------

void Management::take(const channel::Message& message) {
    if (message.kind == channel::Kind::ready) return take_ready(message);
    if (message.kind == channel::Kind::answer) return take_answer(message);
    nonsense("it sent what only xvmd may");
}

void Management::take_ready(const channel::Message& message) {
    json::error_code error;
    const json::value said = json::parse(message.payload, error);
    const json::object* object = error ? nullptr : said.if_object();
    if (object == nullptr) return nonsense("it is ready, but does not say how");
    const auto member = [&](std::string_view key) {
        const json::value* value = object->if_contains(key);
        return value == nullptr ? json::value{} : *value;
    };
    json::array confined;
    const json::value all = member("confined");
    for (const json::value& one : all.is_array() ? all.get_array() : json::array{})
        if (confined.size() < 8) confined.emplace_back(quoted(one));
    confined_ = std::move(confined);
    damaged_ = quoted(member("damaged"));
    start_us_ = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_at_).count());
    if (machine_.state() == control::State::starting) {
        spdlog::info("management service: ready after {} us, {}", start_us_, instance_->text());
        tell("service-started", std::to_string(start_us_) + " us");
        if (!damaged_.empty()) {
            spdlog::error("management service: its configurations were damaged; they are kept in {}",
                          damaged_);
            tell("service-damaged", damaged_);
        }
    }
    carry_out(machine_.ready(message.credits));
}

void Management::take_answer(const channel::Message& message) {
    const auto found = pending_.find(message.id);
    json::error_code error;
    const json::value said = json::parse(message.payload, error);
    auto decision = error ? Result<decide::Decision>(fail(Fault::failed, "answer", "is not JSON"))
                          : decide::parse_decision(said);
    if (found == pending_.end() || !decision) {
        return nonsense(decision ? "it answered what was not asked"
                                 : "its answer: " + decision.error().cause);
    }
    found->second.decision = std::move(*decision);
    const std::uint64_t sent = found->second.request.sent_ns;
    const std::uint64_t now = now_ns();
    last_ = Last{between_us(sent, now), between_us(message.taken_ns, message.sent_ns), {}, {}};
    if (instance_->same_clock()) {
        last_->there_us = between_us(sent, message.taken_ns);
        last_->back_us = between_us(message.sent_ns, now);
    }
    carry_out(machine_.answered(message.id));
}

void Management::nonsense(const std::string& what) {
    last_failure_ = what;
    spdlog::error("management service: {}; it is ended", what);
    carry_out(machine_.nonsense());
}

void Management::has_ended(const Service_instance::Ending& ending) {
    const bool wanted = machine_.state() == control::State::stopping;
    if (ending.never_was) {
        last_failure_ = ending.how;
        spdlog::error("management service: {}", last_failure_);
        tell("service-failed", last_failure_);
    } else if (!wanted || forced_) {
        last_failure_ = forced_ ? "was ended by force" : "ended by itself, " + ending.how;
        spdlog::warn("management service: {}", last_failure_);
        tell("service-failed", last_failure_);
    } else {
        spdlog::info("management service: stopped, {}", ending.how);
        tell("service-stopped", {});
    }
    release();
    carry_out(machine_.ended());
    if (!ending.never_was && machine_.state() == control::State::off && setup_.off) setup_.off();
}

/// Everything that was of the service. The descriptors are the instance's to close.
void Management::release() {
    boost::system::error_code ignored;
    for (auto& descriptor : watched_) {
        descriptor.cancel(ignored);
        descriptor.release();
    }
    watched_.clear();
    unsent_.clear();
    instance_.reset();
}

void Management::tell(const char* kind, std::string detail) {
    events_.publish({kind, {}, {}, {}, {}, {}, std::move(detail)});
}

} // namespace xvm::xvmd
