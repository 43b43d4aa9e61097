// SPDX-License-Identifier: Apache-2.0
// xvm-pack extract: images to files in a directory.
#include "libvmshare/pack/extract.hpp"
#include "libvmshare/base/file.hpp"
#include "toolstack/pack/output.hpp"
#include "toolstack/pack/verb.hpp"
#include "toolstack/pack/work.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <fcntl.h>

namespace xvm::pack_tool {
namespace {

namespace po = boost::program_options;

void add_options(po::options_description& options) {
    options.add_options()("directory,C", po::value<std::string>()->value_name("DIR")->default_value("."),
                          "write the files there");
    options.add_options()("force,f", "replace files that exist");
}

/// The images asked for, each once; all of them if none is named.
Result<std::vector<const pack::Image*>> chosen(const pack::Reader& reader, const Request& request) {
    std::vector<const pack::Image*> images;
    for (std::size_t at = 1; at < request.arguments.size(); ++at) {
        XVM_TRY_LET(const pack::Image* const image, reader.find(request.arguments[at]));
        if (std::find(images.begin(), images.end(), image) == images.end()) images.push_back(image);
    }
    if (request.arguments.size() == 1)
        for (const pack::Image& image : reader.index().images)
            images.push_back(&image);
    return images;
}

Result<Unique_fd> open_directory(const std::string& path) {
    auto directory = open_file(path, O_RDONLY | O_DIRECTORY);
    if (!directory && directory.error().fault == Fault::not_found)
        directory.error().remedy = "create it first";
    return directory;
}

void print_answer(std::ostream& out, const Request& request, const pack::Reader& reader,
                  const std::string& directory, const std::vector<const pack::Image*>& images,
                  const Work& work) {
    if (request.format == Format::json) {
        auto answer = json_answer("extract", reader.name());
        answer["directory"] = directory;
        auto& list = answer["images"].emplace_array();
        for (const pack::Image* image : images)
            list.emplace_back(json_image(*image));
        print_json(out, answer);
        return;
    }
    for (const pack::Image* image : images)
        out << directory << '/' << image->name << "  " << human_bytes(image->size)
            << (image->sum ? "  SHA-256 ok" : "  no checksum in a plain pack") << '\n';
    out << image_count(images.size()) << ", " << work.speed() << '\n';
}

Outcome run(const Request& request, std::ostream& out) {
    if (request.arguments.empty()) return usage_error(extract_verb, "needs a pack");
    const std::string& shown = request.options["directory"].as<std::string>();
    const pack::Existing existing = request.has("force") ? pack::Existing::replace : pack::Existing::keep;
    XVM_TRY_LET(const pack::Reader reader, pack::Reader::open(request.arguments[0]));
    XVM_TRY_LET(const std::vector<const pack::Image*> images, chosen(reader, request));
    XVM_TRY_LET(const Unique_fd directory, open_directory(shown));
    std::uint64_t total = 0;
    for (const pack::Image* image : images) {
        // Before the first byte is written, so that a refusal leaves nothing half done.
        if (existing == pack::Existing::keep)
            XVM_TRY(pack::refuse_taken(directory.get(), image->name, shown + "/" + image->name));
        total += image->size;
    }
    Work work("extracting " + reader.name(), total);
    for (const pack::Image* image : images)
        XVM_TRY(pack::extract(reader, *image, directory.get(), shown, existing,
                              [&](std::uint64_t bytes) { return work.step(bytes); }));
    print_answer(out, request, reader, shown, images, work);
    return {};
}

} // namespace

const Verb extract_verb{
    "extract",
    "PACK [NAME]... [-C DIR]",
    "write images to files of their names",
    "Without a NAME, all images. A file appears under its name only when it is complete and its SHA-256 is\n"
    "right. Nothing is written outside DIR, and no symbolic link in it is followed.",
    add_options,
    run,
};

} // namespace xvm::pack_tool
