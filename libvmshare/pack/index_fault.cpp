// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/index_fault.hpp"

namespace xvm::pack {
namespace {

std::string subject(const Index_fault& fault) {
    if (fault.slot == 0) return {};
    std::string text = "image " + std::to_string(fault.slot) + " ";
    if (!fault.name.empty()) text += "'" + fault.name + "' ";
    return text;
}

std::string pack_remedy(Index_rule rule) {
    switch (rule) {
    case Index_rule::magic:
        return "packs are made by 'xvm-pack build'";
    case Index_rule::major:
    case Index_rule::incompat:
        return "use the xvm-pack that built it, or a newer one";
    case Index_rule::truncated:
        return "copy the whole pack again";
    default:
        return "the pack is corrupt: copy it again, or build it anew";
    }
}

std::string list_remedy(Index_rule rule) {
    switch (rule) {
    case Index_rule::count:
        return "put the images into several packs, or several files into one image";
    case Index_rule::name:
        return "use 1 to 95 of A-Z a-z 0-9 . _ -";
    case Index_rule::duplicate:
        return "give each image a name of its own";
    case Index_rule::label:
        return "use at most 31 printable ASCII characters";
    default:
        return {};
    }
}

} // namespace

Error pack_error(const Index_fault& fault, const std::string& pack) {
    return {Fault::failed, pack, subject(fault) + fault.what, pack_remedy(fault.rule)};
}

Error list_error(const Index_fault& fault, const std::string& pack) {
    return {Fault::usage, pack, subject(fault) + fault.what, list_remedy(fault.rule)};
}

} // namespace xvm::pack
