// SPDX-License-Identifier: Apache-2.0
#include "toolstack/saved/saved_guest.hpp"

#include "libvmshare/base/file.hpp"
#include "toolstack/plan/config_json.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>

namespace xvm::saved {
namespace json = boost::json;

BOOST_DESCRIBE_STRUCT(Saved_guest, (),
                      (guest, uuid, save, version, saved_at_s, memory_bytes, target_bytes, offline, offers))

namespace {

constexpr std::string_view magic{XVM_SAVED_MAGIC};
using Header = xvm_saved_header;

tl::unexpected<Error> refuse(const std::string& path, std::string cause,
                             std::string remedy = "restore another copy of it") {
    return fail(Fault::usage, path, std::move(cause), std::move(remedy));
}

pack::Sum to_sum(const std::uint8_t (&bytes)[32]) {
    pack::Sum sum{};
    std::memcpy(sum.data(), bytes, sum.size());
    return sum;
}

pack::Sum head_sum(std::span<const std::byte> bytes) {
    pack::Sha256 state;
    constexpr std::size_t at = offsetof(Header, head_sha256);
    state.update(bytes.first(at));
    state.update_zeros(sizeof(Header::head_sha256));
    state.update(bytes.subspan(at + sizeof(Header::head_sha256)));
    return state.finish();
}

} // namespace

Result<std::vector<std::byte>> encode_head(const Head& head, const std::string& path) {
    const std::string text = json::serialize(plan::to_object(head.guest));
    if (text.size() > XVM_SAVED_JSON_BYTES_MAX)
        return fail(Fault::exhausted, path, "the guest's configuration is too large for its head",
                    "shorten its command line, or its files' paths");
    Header header{};
    std::memcpy(header.magic, magic.data(), sizeof header.magic);
    header.major = XVM_SAVED_MAJOR;
    header.minor = XVM_SAVED_MINOR;
    header.json_bytes = static_cast<std::uint32_t>(text.size());
    header.stream_offset = XVM_SAVED_HEAD_BYTES;
    header.stream_bytes = head.stream_bytes;
    std::memcpy(header.stream_sha256, head.stream_sha256.data(), sizeof header.stream_sha256);
    std::vector<std::byte> bytes(XVM_SAVED_HEAD_BYTES);
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, text.data(), text.size());
    const pack::Sum sum = head_sum(bytes);
    std::memcpy(bytes.data() + offsetof(Header, head_sha256), sum.data(), sum.size());
    return bytes;
}

Result<Head> parse_head(std::span<const std::byte> bytes, std::uint64_t file_bytes, const std::string& path) {
    if (bytes.size() < XVM_SAVED_HEAD_BYTES || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0)
        return refuse(path, "is no saved guest", "give what 'xvm save' wrote");
    bytes = bytes.first(XVM_SAVED_HEAD_BYTES);
    Header header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.major != XVM_SAVED_MAJOR)
        return refuse(path, "is a saved guest of version " + std::to_string(header.major),
                      "restore it with the xvm that wrote it");
    if (to_sum(header.head_sha256) != head_sum(bytes))
        return refuse(path, "is damaged: its head is not what was written");
    if (header.json_bytes > XVM_SAVED_JSON_BYTES_MAX || header.stream_offset != XVM_SAVED_HEAD_BYTES ||
        header.stream_bytes > file_bytes || header.stream_offset + header.stream_bytes != file_bytes)
        return refuse(path, "is cut short or has grown: it has " + std::to_string(file_bytes) +
                                " bytes, not " + std::to_string(header.stream_offset + header.stream_bytes));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof header,
                                header.json_bytes);
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error) return refuse(path, "is damaged: " + error.message());
    Head head;
    XVM_TRY_LET(head.guest, plan::from_value<Saved_guest>(value, path));
    head.stream_bytes = header.stream_bytes;
    head.stream_sha256 = to_sum(header.stream_sha256);
    return head;
}

Result<pack::Sum> sum_stream(int fd, std::uint64_t bytes, const std::string& path,
                             const Cancelled& cancelled) {
    pack::Sha256 state;
    std::vector<std::byte> piece(1U << 20);
    for (std::uint64_t done = 0; done < bytes;) {
        if (cancelled && cancelled())
            return fail(Fault::failed, path, "was cancelled", "ask again when there is time for it");
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - done, piece.size()));
        const auto part = std::span(piece).first(step);
        XVM_TRY(read_exactly(fd, part, XVM_SAVED_HEAD_BYTES + done, path));
        state.update(part);
        done += step;
    }
    return state.finish();
}

} // namespace xvm::saved
