// SPDX-License-Identifier: Apache-2.0
// A guest out of a file.
#include "toolstack/run/args.hpp"
#include "toolstack/run/creation.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/wishes.hpp"
#include "toolstack/saved/reader.hpp"

#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

/// The file, open since it was checked: what is under its name later does not matter.
struct Restoring {
    std::shared_ptr<const saved::Reader> file;
};

Status check_saved(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    XVM_TRY_LET(saved::Reader reader, saved::Reader::open(path));
    const Status whole = reader.verify([&work] { return work.go_on && !work.go_on(); });
    if (!whole && work.go_on) XVM_TRY(work.go_on());
    XVM_TRY(whole);
    work.facts<Restoring>().file = std::make_shared<const saved::Reader>(std::move(reader));
    return {};
}

Status restore_memory(Work& work, const json::object& args) {
    const auto file = work.facts<Restoring>().file;
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    if (!file) return fail(Fault::usage, path, "was not checked before it is restored");
    XVM_TRY_LET(const int fd, file->stream());
    XVM_TRY_LET(const Domid domid, work.domid());
    auto& made = work.facts<Creation>();
    const port::Stream_hooks hooks{work.moved, [&work] { return work.go_on && !work.go_on(); }};
    auto built = work.ports().domains.restore(domid, made.shape, fd, hooks);
    if (!built) {
        if (work.go_on) XVM_TRY(work.go_on());
        if (built.error().fault == Fault::usage) built.error().object = path;
        return tl::unexpected<Error>(std::move(built.error()));
    }
    made.built = *built;
    return {};
}

Status ask_as_before(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto target_bytes, argument<std::uint64_t>(args, "target_bytes"));
    XVM_TRY_LET(const auto vcpus, argument<unsigned>(args, "vcpus"));
    XVM_TRY_LET(const auto offline, argument<std::vector<unsigned>>(args, "offline"));
    XVM_TRY_LET(const Domid domid, work.domid());
    XVM_TRY_LET(const auto offered, argument<std::vector<std::string>>(args, "offers"));
    XVM_TRY(ask_memory(work.ports().store, domid, target_bytes));
    XVM_TRY(offer(work.ports().store, domid, offered));
    return ask_vcpus(work.ports().store, domid, vcpus, offline);
}

} // namespace

std::span<const Op> restore_ops() noexcept {
    static constexpr std::array<Op, 3> ops{{
        {"check-saved", check_saved, nullptr},
        {"restore-memory", restore_memory, nullptr},
        {"ask-as-before", ask_as_before, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
