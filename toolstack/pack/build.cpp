// SPDX-License-Identifier: Apache-2.0
// xvm-pack build: files to one pack.
#include "libvmshare/base/file.hpp"
#include "libvmshare/base/number.hpp"
#include "libvmshare/pack/new_file.hpp"
#include "libvmshare/pack/writer.hpp"
#include "toolstack/pack/image_list.hpp"
#include "toolstack/pack/output.hpp"
#include "toolstack/pack/verb.hpp"
#include "toolstack/pack/work.hpp"

#include <boost/json/array.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>

namespace xvm::pack_tool {
namespace {

namespace po = boost::program_options;
constexpr std::size_t list_bytes_max = 1 << 20;

void add_options(po::options_description& options) {
    options.add_options()(
        "list,l", po::value<std::string>()->value_name("FILE"),
        "take images from FILE too: one NAME=FILE[,kind=KIND] a line, '#' starts a comment");
    options.add_options()("label", po::value<std::string>()->value_name("TEXT"),
                          "name the pack: at most 31 printable ASCII characters");
    options.add_options()("disk-size", po::value<std::string>()->value_name("BYTES"),
                          "pad the pack with zeros to so many bytes (64K, 1G …)");
    options.add_options()("plain", "write names and sizes only: no checksums, kinds or offsets");
}

/// Where the pack goes: an open directory, and a name in it.
struct Target {
    Unique_fd directory;
    std::string name;
};

Result<Target> open_target(const std::string& out) {
    const auto slash = out.rfind('/');
    Target target;
    target.name = slash == std::string::npos ? out : out.substr(slash + 1);
    struct stat info {};
    const bool exists = ::lstat(out.c_str(), &info) == 0;
    if (target.name.empty() || target.name == "." || target.name == ".." || (exists && S_ISDIR(info.st_mode)))
        return fail(Fault::usage, out, "is a directory",
                    "name the pack to write, as in " + out + "/boot.pack");
    if (exists && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
        return fail(Fault::usage, out, "is not a regular file",
                    "write the pack to a file, then copy it there");
    const std::string directory = slash == std::string::npos ? "." : out.substr(0, slash + 1);
    XVM_TRY_LET(target.directory, open_file(directory, O_RDONLY | O_DIRECTORY));
    return target;
}

Result<std::uint64_t> build_time_s() {
    const char* const text = std::getenv("SOURCE_DATE_EPOCH");
    if (text == nullptr || *text == '\0') return 0;
    const auto seconds = parse_number<std::uint64_t>(text);
    if (!seconds)
        return fail(Fault::usage, "SOURCE_DATE_EPOCH", "'" + std::string(text) + "' is no number of seconds",
                    "give seconds since 1970, or unset it");
    return *seconds;
}

Result<pack::Pack_spec> pack_spec(const Request& request) {
    pack::Pack_spec spec;
    spec.plain = request.has("plain");
    if (request.has("label")) spec.label = request.options["label"].as<std::string>();
    if (request.has("disk-size")) {
        XVM_TRY_LET(spec.disk_bytes,
                    parse_bytes(request.options["disk-size"].as<std::string>(), "--disk-size"));
    }
    XVM_TRY_LET(spec.build_time_s, build_time_s());
    return spec;
}

Result<std::vector<Image_line>> image_lines(const Request& request) {
    std::vector<Image_line> lines;
    if (request.has("list")) {
        const std::string& list = request.options["list"].as<std::string>();
        XVM_TRY_LET(const std::string text, read_text(list, list_bytes_max));
        XVM_TRY_LET(lines, parse_image_list(text, list));
    }
    for (std::size_t at = 1; at < request.arguments.size(); ++at) {
        XVM_TRY_LET(Image_line line, parse_image_line(request.arguments[at], "build"));
        lines.push_back(std::move(line));
    }
    return lines;
}

void print_answer(std::ostream& out, const Request& request, const std::string& name,
                  const pack::Index& index, const Work& work) {
    if (request.format == Format::json) {
        auto answer = json_answer("build", name);
        answer["disk_bytes"] = index.disk_bytes;
        auto& images = answer["images"].emplace_array();
        for (const pack::Image& image : index.images)
            images.emplace_back(json_image(image));
        print_json(out, answer);
        return;
    }
    out << name << ": " << image_count(index.images.size()) << ", " << human_bytes(index.disk_bytes) << ", "
        << work.speed() << '\n';
}

Outcome run(const Request& request, std::ostream& out) {
    if (request.arguments.empty()) return usage_error(build_verb, "no pack to write is named");
    const std::string& name = request.arguments.front();
    if (name.find('=') != std::string::npos && name.find('/') >= name.find('='))
        return usage_error(build_verb, "the pack to write comes first, before '" + name + "'");

    XVM_TRY_LET(const pack::Pack_spec spec, pack_spec(request));
    XVM_TRY_LET(const std::vector<Image_line> lines, image_lines(request));
    XVM_TRY_LET(const Target target, open_target(name));
    std::vector<pack::Source> sources;
    for (const Image_line& line : lines) {
        XVM_TRY_LET(pack::Source source, pack::Source::open(line.name, line.path, line.kind));
        sources.push_back(std::move(source));
    }
    XVM_TRY_LET(pack::Index index, pack::plan_pack(sources, spec, name));

    std::uint64_t total = 0;
    for (const pack::Image& image : index.images)
        total += image.size;
    Work work("building " + name, total);
    XVM_TRY_LET(pack::New_file file, pack::New_file::create(target.directory.get(), target.name, name));
    XVM_TRY_LET(index, pack::write_pack(file.fd(), name, std::move(index), sources,
                                        [&](std::uint64_t bytes) { return work.step(bytes); }));
    XVM_TRY(file.publish(pack::Existing::replace));
    print_answer(out, request, name, index, work);
    return {};
}

} // namespace

const Verb build_verb{
    "build",
    "OUT [NAME=FILE[,kind=KIND]]...",
    "write a pack of the given files",
    "The images lie in the pack in the order given. KIND is one of data, kernel, ramdisk, rootfs, cmdline,\n"
    "dtb; without one, an image named as a kind is of that kind, and every other is data.\n"
    "OUT appears only when it is complete, and then replaces a file of that name. The same input gives the\n"
    "same bytes; the build time is SOURCE_DATE_EPOCH, or not stated.\n"
    "\n"
    "Example:\n"
    "  xvm-pack build boot.pack kernel=/boot/vmlinuz ramdisk=/boot/initrd.img rootfs=debian.squashfs",
    add_options,
    run,
};

} // namespace xvm::pack_tool
