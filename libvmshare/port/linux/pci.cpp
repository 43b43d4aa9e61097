// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/linux/pci.hpp"

#include "libvmshare/base/file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace xvm::port::linux_host {
namespace {

// PCI Local Bus Specification 3.0, 6.1 and 6.8.
constexpr std::uint64_t command_at = 0x04;
constexpr std::uint16_t command_memory = 0x2;
constexpr std::uint16_t command_master = 0x4;
constexpr std::uint64_t window_at = 0x10;
constexpr std::uint64_t capabilities_at = 0x34;
constexpr std::uint8_t capability_msi = 0x05;
constexpr std::uint16_t msi_enable = 0x1;
constexpr int capabilities_most = 48; ///< a list that is longer goes in a circle
constexpr std::size_t windows = 6;
constexpr unsigned bridge_class = 0x06;
// Linux's, as it prints them.
constexpr std::uint64_t resource_memory = 0x200;
constexpr std::uint64_t resource_64 = 0x100000;

/// A file of sysfs: its size says nothing of how much there is.
Result<std::string> text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    if (file) text << file.rdbuf();
    if (file && text) return text.str();
    return fail(Fault::failed, path, "cannot be read", {});
}

struct Window {
    std::size_t index = 0;
    std::uint64_t first = 0;
    std::uint64_t bytes = 0;
    bool wide = false;
};

Result<std::uint64_t> hex_of(const std::string& path) {
    XVM_TRY_LET(const std::string text, text_of(path));
    std::uint64_t value = 0;
    const std::size_t from = text.find('x') == 1 ? 2 : 0; // behind "0x"
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + text.size(), value, 16);
    if (error != std::errc{} || (end != text.data() + text.size() && *end != '\n'))
        return fail(Fault::failed, path, "is no number", {});
    return value;
}

/// Its first window of memory; nothing: it has none.
Result<std::optional<Window>> window_of(const std::string& dir) {
    XVM_TRY_LET(const std::string text, text_of(dir + "/resource"));
    std::istringstream lines(text);
    for (std::size_t i = 0; i < windows; ++i) {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::uint64_t flags = 0;
        if (!(lines >> std::hex >> first >> last >> flags)) break;
        if ((flags & resource_memory) != 0 && last > first)
            return Window{i, first, last - first + 1, (flags & resource_64) != 0};
    }
    return std::nullopt;
}

/// The configuration space, open.
class Space {
  public:
    static Result<Space> open(const std::string& dir, int flags) {
        const std::string path = dir + "/config";
        XVM_TRY_LET(Unique_fd fd, open_file(path, flags));
        return Space(std::move(fd), path);
    }

    template <class T>
    [[nodiscard]] Result<T> get(std::uint64_t at) const {
        std::array<T, 1> value{};
        XVM_TRY(read_exactly(fd_.get(), std::as_writable_bytes(std::span(value)), at, path_));
        return value.front();
    }
    template <class T>
    [[nodiscard]] Status put(std::uint64_t at, T value) const {
        const std::array<T, 1> one{value};
        return write_exactly(fd_.get(), std::as_bytes(std::span(one)), at, path_);
    }
    [[nodiscard]] Status change(std::uint64_t at, std::uint16_t clear, std::uint16_t set) const {
        XVM_TRY_LET(const auto was, get<std::uint16_t>(at));
        const auto now = static_cast<std::uint16_t>((was & ~clear) | set);
        return now == was ? Status{} : put(at, now);
    }
    /// Where the capability stands; 0: it has none.
    [[nodiscard]] Result<std::uint64_t> capability(std::uint8_t wanted) const {
        XVM_TRY_LET(auto at, get<std::uint8_t>(capabilities_at));
        for (int i = 0; i < capabilities_most && at != 0; ++i) {
            XVM_TRY_LET(const auto id, get<std::uint8_t>(at));
            if (id == wanted) return std::uint64_t{at};
            XVM_TRY_LET(at, get<std::uint8_t>(at + 1U));
        }
        return std::uint64_t{0};
    }

  private:
    Space(Unique_fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    Unique_fd fd_;
    std::string path_;
};

Status put_window(const Space& space, const Window& window) {
    const std::uint64_t at = window_at + 4 * window.index;
    constexpr std::uint32_t kind_bits = 0xf;
    XVM_TRY_LET(const auto low, space.get<std::uint32_t>(at));
    if ((low & ~kind_bits) != static_cast<std::uint32_t>(window.first))
        XVM_TRY(space.put(at, static_cast<std::uint32_t>(window.first)));
    if (!window.wide) return {};
    XVM_TRY_LET(const auto high, space.get<std::uint32_t>(at + 4));
    if (high == window.first >> 32) return {};
    return space.put(at + 4, static_cast<std::uint32_t>(window.first >> 32));
}

} // namespace

Result<Pci_device> Pci_tree::look(const Pci_address& address) const {
    const std::string at = dir(address);
    std::error_code ignored;
    if (!std::filesystem::exists(at, ignored))
        return fail(Fault::not_found, "device " + address.text(), "there is no such device",
                    "'xvm device list' shows those there are");
    Pci_device device;
    device.address = address;
    XVM_TRY_LET(const auto vendor, hex_of(at + "/vendor"));
    XVM_TRY_LET(const auto product, hex_of(at + "/device"));
    XVM_TRY_LET(const auto class_code, hex_of(at + "/class"));
    device.vendor = static_cast<std::uint16_t>(vendor);
    device.product = static_cast<std::uint16_t>(product);
    device.class_code = static_cast<std::uint32_t>(class_code);
    XVM_TRY_LET(const auto window, window_of(at));
    if (window) {
        device.registers = window->first;
        device.register_bytes = window->bytes;
    }
    XVM_TRY_LET(const Space space, Space::open(at, O_RDONLY));
    XVM_TRY_LET(const auto msi, space.capability(capability_msi));
    device.msi = msi != 0;
    const auto driver = std::filesystem::read_symlink(at + "/driver", ignored);
    device.driver = driver.filename().string();
    return device;
}

Result<std::vector<Pci_device>> Pci_tree::list() const {
    std::vector<Pci_device> devices;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(root_, error)) {
        const auto address = Pci_address::parse(entry.path().filename().string());
        if (!address) continue;
        auto device = look(*address);
        if (device && device->class_code >> 16 != bridge_class) devices.push_back(std::move(*device));
    }
    if (error) return fail_errno(error.value(), root_, "cannot read");
    std::sort(devices.begin(), devices.end(),
              [](const Pci_device& one, const Pci_device& other) { return one.address < other.address; });
    return devices;
}

Status Pci_tree::enable(const Pci_address& address) const {
    XVM_TRY_LET(const auto window, window_of(dir(address)));
    if (!window)
        return fail(Fault::usage, "device " + address.text(), "has no registers in memory",
                    "it cannot be given to a guest");
    XVM_TRY_LET(const Space space, Space::open(dir(address), O_RDWR));
    // The kernel has given it a place; a device that was without power since has forgotten it.
    XVM_TRY(put_window(space, *window));
    return space.change(command_at, command_master, command_memory);
}

Status Pci_tree::switch_on(const Pci_address& address) const {
    XVM_TRY_LET(const Space space, Space::open(dir(address), O_RDWR));
    XVM_TRY_LET(const auto msi, space.capability(capability_msi));
    if (msi != 0) XVM_TRY(space.change(msi + 2, 0, msi_enable));
    return space.change(command_at, 0, command_memory | command_master);
}

Status Pci_tree::switch_off(const Pci_address& address) const {
    XVM_TRY_LET(const Space space, Space::open(dir(address), O_RDWR));
    XVM_TRY(space.change(command_at, command_master, 0));
    XVM_TRY_LET(const auto msi, space.capability(capability_msi));
    return msi != 0 ? space.change(msi + 2, msi_enable, 0) : Status{};
}

} // namespace xvm::port::linux_host
