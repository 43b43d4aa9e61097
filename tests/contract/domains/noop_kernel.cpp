// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/domains/noop_kernel.hpp"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string_view>

namespace xvm::test {

namespace {

// File: headers and notes in the first page, then what is loaded: a page of code, the hypercall page.
constexpr std::size_t page = 4096;
constexpr std::size_t notes_offset = 512;
constexpr std::uint64_t load_address = 0x100000;
constexpr std::uint64_t hypercall_address = load_address + page;
constexpr std::size_t pvh_entry_offset = 0x40;

void append(std::vector<std::byte>& to, const void* from, std::size_t size) {
    const auto* const bytes = static_cast<const std::byte*>(from);
    to.insert(to.end(), bytes, bytes + size);
}

// xen/include/public/elfnote.h
enum Note : std::uint32_t {
    entry = 1,
    hypercall_page = 2,
    virt_base = 3,
    paddr_offset = 4,
    xen_version = 5,
    guest_os = 6,
    loader = 8,
    pae_mode = 9,
    phys32_entry = 18,
};

void note(std::vector<std::byte>& to, Note type, const void* value, std::size_t size) {
    const Elf64_Nhdr header{4, static_cast<Elf64_Word>(size), type};
    append(to, &header, sizeof header);
    append(to, "Xen", 4);
    append(to, value, size);
    to.resize((to.size() + 3) & ~std::size_t{3});
}
void note(std::vector<std::byte>& to, Note type, std::string_view text) {
    note(to, type, text.data(), text.size() + 1);
}
void note(std::vector<std::byte>& to, Note type, std::uint64_t number) {
    note(to, type, &number, sizeof number);
}

std::vector<std::byte> notes() {
    std::vector<std::byte> all;
    note(all, guest_os, "xvm-noop");
    note(all, xen_version, "xen-3.0");
    note(all, loader, "generic");
    note(all, pae_mode, "yes");
    note(all, virt_base, 0);
    note(all, paddr_offset, 0);
    note(all, entry, load_address);
    note(all, hypercall_page, hypercall_address);
    note(all, phys32_entry, load_address + pvh_entry_offset);
    return all;
}

/// PV starts at 0 in 64-bit mode, PVH at pvh_entry_offset in 32-bit mode.
std::vector<std::byte> code(Noop behaviour) {
    // SCHEDOP_block is 1 and takes nothing; SCHEDOP_shutdown is 2 and takes the address of a reason:
    // 0, power off, as the page's end holds.
    const std::uint8_t operation = behaviour == Noop::waits ? 1 : 2;
    const std::uint8_t pv[] = {
        0xbf, operation, 0,    0,    0,    // mov $operation, %edi
        0xbe, 0x00,      0x0f, 0x10, 0x00, // mov $0x100f00, %esi
        0xe8, 0x91,      0x13, 0x00, 0x00, // call hypercall_page + 29 * 32 (sched_op)
        0xeb, 0xef,                        // jmp to the start
    };
    static_assert(load_address + 15 + 0x1391 == hypercall_address + 29 * 32);
    // Halted with interrupts off there is nothing to wake it: Xen powers the guest off.
    const std::uint8_t interrupts = behaviour == Noop::waits ? 0xfb : 0xfa; // sti, cli
    const std::uint8_t pvh[] = {
        interrupts,
        0xf4,       // hlt
        0xeb, 0xfc, // jmp to the start
    };
    std::vector<std::byte> bytes(2 * page);
    std::memcpy(bytes.data(), pv, sizeof pv);
    std::memcpy(bytes.data() + pvh_entry_offset, pvh, sizeof pvh);
    return bytes;
}

std::vector<std::byte> elf(const std::vector<std::byte>& notes, const std::vector<std::byte>& load) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = load_address;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    header.e_shentsize = sizeof(Elf64_Shdr);

    Elf64_Phdr segments[2]{};
    segments[0].p_type = PT_LOAD;
    segments[0].p_flags = PF_R | PF_W | PF_X;
    segments[0].p_offset = page;
    segments[0].p_vaddr = segments[0].p_paddr = load_address;
    segments[0].p_filesz = segments[0].p_memsz = load.size();
    segments[0].p_align = page;
    segments[1].p_type = PT_NOTE;
    segments[1].p_flags = PF_R;
    segments[1].p_offset = notes_offset;
    segments[1].p_filesz = segments[1].p_memsz = notes.size();
    segments[1].p_align = 4;

    std::vector<std::byte> file;
    append(file, &header, sizeof header);
    append(file, segments, sizeof segments);
    file.resize(notes_offset);
    append(file, notes.data(), notes.size());
    file.resize(page);
    append(file, load.data(), load.size());
    return file;
}

} // namespace

std::vector<std::byte> noop_kernel(Noop behaviour) {
    return elf(notes(), code(behaviour));
}

std::vector<std::byte> plain_elf() {
    return elf({}, code(Noop::waits));
}

} // namespace xvm::test
