// SPDX-License-Identifier: Apache-2.0
// xvm-pack cat: one image to standard output.
#include "libvmshare/pack/reader.hpp"
#include "toolstack/pack/verb.hpp"
#include "toolstack/pack/work.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>

namespace xvm::pack_tool {
namespace {

Status write_out(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (put < 0 && errno != EINTR) return fail_errno(errno, "standard output", "cannot write");
        if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Status write_zeros(std::uint64_t count) {
    static constexpr std::array<std::byte, 65536> zeros{};
    while (count > 0) {
        const std::uint64_t step = std::min<std::uint64_t>(count, zeros.size());
        XVM_TRY(write_out(std::span(zeros).first(static_cast<std::size_t>(step))));
        count -= step;
    }
    return {};
}

bool is_text(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) {
        const auto c = std::to_integer<unsigned>(b);
        return c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f);
    });
}

/// A kernel on a terminal helps nobody; a command line does.
Status cat_to_terminal(const pack::Reader& reader, const pack::Image& image) {
    constexpr std::uint64_t limit = 65536;
    if (image.size <= limit) {
        XVM_TRY_LET(const std::vector<std::byte> all, reader.read_all(image, limit));
        if (is_text(all)) return write_out(all);
    }
    return fail(Fault::usage, reader.name(),
                "image '" + image.name + "' is not text, and standard output is a terminal",
                "write it to a file: xvm-pack cat " + reader.name() + " " + image.name + " > FILE");
}

Status cat_to_file(const pack::Reader& reader, const pack::Image& image) {
    std::uint64_t done = 0;
    const auto write = [&](std::span<const std::byte> bytes, std::uint64_t at) -> Status {
        XVM_TRY(write_zeros(at - done)); // the hole before this piece
        done = at + bytes.size();
        return write_out(bytes);
    };
    Work work("reading " + image.name, image.size);
    XVM_TRY(reader.read(image, write, [&](std::uint64_t bytes) { return work.step(bytes); }));
    return write_zeros(image.size - done);
}

Outcome run(const Request& request, std::ostream& /*out*/) {
    if (request.arguments.size() != 2) return usage_error(cat_verb, "needs a pack and the name of an image");
    XVM_TRY_LET(const pack::Reader reader, pack::Reader::open(request.arguments[0]));
    XVM_TRY_LET(const pack::Image* const image, reader.find(request.arguments[1]));
    XVM_TRY(::isatty(STDOUT_FILENO) == 1 ? cat_to_terminal(reader, *image) : cat_to_file(reader, *image));
    return {};
}

} // namespace

const Verb cat_verb{
    "cat",
    "PACK NAME",
    "write an image to standard output",
    "The SHA-256 is known only at the end: exit code 0 says that what was written is right. Where nothing\n"
    "wrong may be used at all, extract the image to a file.",
    [](boost::program_options::options_description&) {},
    run,
};

} // namespace xvm::pack_tool
