// SPDX-License-Identifier: Apache-2.0
// xvm-pack verify: every byte of a pack held against its index.
#include "libvmshare/pack/layout.hpp"
#include "libvmshare/pack/reader.hpp"
#include "toolstack/pack/output.hpp"
#include "toolstack/pack/verb.hpp"
#include "toolstack/pack/work.hpp"

#include <boost/json/array.hpp>
#include <iostream>

namespace xvm::pack_tool {
namespace {

/// What was found of one image: "ok", "corrupt", "no checksum".
struct Finding {
    const pack::Image* image;
    std::string verdict;
};

struct Report {
    std::vector<Finding> images;
    std::vector<Error> errors;
};

Result<Report> examine(const pack::Reader& reader, Work& work) {
    const auto step = [&](std::uint64_t bytes) { return work.step(bytes); };
    const auto ignore = [](std::span<const std::byte>, std::uint64_t) -> Status { return {}; };
    Report report;
    // One corrupt image does not hide the next one; only the user ends the work early.
    const auto note = [&](const Status& status) -> Status {
        if (interrupted_by()) return status;
        if (!status) report.errors.push_back(status.error());
        return {};
    };
    for (const pack::Image& image : reader.index().images) {
        const Status status = reader.read(image, ignore, step);
        XVM_TRY(note(status));
        report.images.push_back({&image, !status ? "corrupt" : image.sum ? "ok" : "no checksum"});
    }
    XVM_TRY(note(reader.check_padding(step)));
    return report;
}

void print_answer(std::ostream& out, const Request& request, const pack::Reader& reader, const Report& report,
                  const Work& work) {
    if (request.format == Format::json) {
        auto answer = json_answer("verify", reader.name());
        answer["ok"] = report.errors.empty();
        auto& images = answer["images"].emplace_array();
        for (const Finding& finding : report.images) {
            auto object = json_image(*finding.image);
            object["verdict"] = finding.verdict;
            images.emplace_back(std::move(object));
        }
        auto& errors = answer["errors"].emplace_array();
        for (const Error& error : report.errors)
            errors.emplace_back(error.line());
        print_json(out, answer);
        return;
    }
    std::vector<std::vector<std::string>> rows{{"NAME", ">OFFSET", ">BYTES", "VERDICT"}};
    for (const Finding& finding : report.images)
        rows.push_back({finding.image->name, std::to_string(finding.image->offset),
                        std::to_string(finding.image->size), finding.verdict});
    if (rows.size() > 1) print_table(out, rows);
    if (report.errors.empty())
        out << reader.name() << ": index, " << image_count(report.images.size()) << " and padding are "
            << (reader.index().plain ? "in order (a plain pack has no checksums)" : "in order") << ", "
            << work.speed() << '\n';
}

Outcome run(const Request& request, std::ostream& out) {
    if (request.arguments.size() != 1) return usage_error(verify_verb, "needs one pack");
    XVM_TRY_LET(const pack::Reader reader, pack::Reader::open(request.arguments[0]));
    Work work("verifying " + reader.name(), reader.index().disk_bytes - pack::index_bytes);
    XVM_TRY_LET(const Report report, examine(reader, work));
    print_answer(out, request, reader, report, work);
    if (report.errors.empty()) return {};
    for (std::size_t at = 1; at < report.errors.size(); ++at)
        std::cerr << "xvm-pack: " << report.errors[at].line() << '\n';
    return tl::unexpected(report.errors.front());
}

} // namespace

const Verb verify_verb{
    "verify",
    "PACK",
    "check every image and all padding of a pack",
    "Reads the whole pack. Every corrupt image is named with its offset, and the first byte of padding that\n"
    "is not zero.",
    [](boost::program_options::options_description&) {},
    run,
};

} // namespace xvm::pack_tool
