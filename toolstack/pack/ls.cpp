// SPDX-License-Identifier: Apache-2.0
// xvm-pack ls: what is in a pack.
#include "libvmshare/pack/reader.hpp"
#include "toolstack/pack/output.hpp"
#include "toolstack/pack/verb.hpp"

#include <boost/json/array.hpp>

namespace xvm::pack_tool {
namespace {

void add_options(boost::program_options::options_description& options) {
    options.add_options()("long,l", "show the whole SHA-256");
}

void print_as_table(std::ostream& out, const pack::Index& index, bool whole_sum) {
    std::vector<std::vector<std::string>> rows{{"NAME", "KIND", ">BYTES", ">OFFSET", "SHA-256"}};
    for (const pack::Image& image : index.images) {
        std::string sum = image.sum ? pack::hex(*image.sum) : "-";
        if (!whole_sum) sum = sum.substr(0, 16);
        rows.push_back({image.name, index.plain ? "-" : std::string(pack::name_of(image.kind)),
                        std::to_string(image.size), std::to_string(image.offset), std::move(sum)});
    }
    if (!index.images.empty()) print_table(out, rows);
    out << image_count(index.images.size()) << ", " << human_bytes(index.disk_bytes);
    if (!index.label.empty()) out << ", label '" << index.label << "'";
    if (index.plain) out << ", plain (no checksums)";
    out << '\n';
}

void print_as_json(std::ostream& out, const std::string& name, const pack::Index& index) {
    auto answer = json_answer("ls", name);
    answer["disk_bytes"] = index.disk_bytes;
    answer["label"] = index.label;
    answer["build_time_s"] = index.build_time_s;
    answer["plain"] = index.plain;
    auto& images = answer["images"].emplace_array();
    for (const pack::Image& image : index.images)
        images.emplace_back(json_image(image));
    print_json(out, answer);
}

Outcome run(const Request& request, std::ostream& out) {
    if (request.arguments.size() != 1) return usage_error(ls_verb, "needs one pack");
    XVM_TRY_LET(const pack::Reader reader, pack::Reader::open(request.arguments[0]));
    if (request.format == Format::json)
        print_as_json(out, reader.name(), reader.index());
    else
        print_as_table(out, reader.index(), request.has("long"));
    return {};
}

} // namespace

const Verb ls_verb{
    "ls",
    "PACK",
    "list the images in a pack",
    "PACK is a file, or a block device such as a guest's /dev/xvda. The index is checked, the images are "
    "not\n"
    "read: see verify.",
    add_options,
    run,
};

} // namespace xvm::pack_tool
