// SPDX-License-Identifier: Apache-2.0
// disk = [ "…" ]: libxlutil reads the words, this says which of them xvm can carry.
#include "toolstack/import/conversion.hpp"
#include "toolstack/import/xlutil.hpp"
#include "toolstack/plan/names.hpp"

namespace xvm::import {
namespace {

struct Disk {
    Disk() { libxl_device_disk_init(&spec); }
    ~Disk() { libxl_device_disk_dispose(&spec); }
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    libxl_device_disk spec;
};

std::string text_of(const char* text) {
    return text == nullptr ? std::string{} : std::string(text);
}

/// The first of libxlutil's lines, without the name of the file, which is in the object already.
std::string complaint(const std::string& said, const std::string& source) {
    std::string line = said.substr(0, said.find('\n'));
    if (line.starts_with(source + ": ")) line.erase(0, source.size() + 2);
    constexpr std::string_view preface = "config parsing error in disk specification: ";
    if (line.starts_with(preface)) line.erase(0, preface.size());
    return line.empty() ? "is no disk to libxlutil" : line;
}

class Disk_conversion {
  public:
    Disk_conversion(Conversion& work, const std::string& words)
        : work_(work), words_(words), place_(work.file.place_of_item("disk", words)) {}

    void run() {
        Report report;
        const std::unique_ptr<XLU_Config, decltype(&xlu_cfg_destroy)> config{
            xlu_cfg_init(report.stream(), "disk"), xlu_cfg_destroy};
        const char* const spec = words_.c_str();
        if (!config) throw std::bad_alloc();
        if (xlu_disk_parse(config.get(), 1, &spec, &disk_.spec) != 0)
            return refuse(complaint(report.text(), "disk"), "see xl-disk-configuration(5) for its form");
        if (is_empty_drive()) return;
        if (check_source() & check_device() & check_format()) write();
        warn_of_options();
    }

  private:
    void refuse(const std::string& cause, const std::string& remedy) {
        work_.refuse(place_, "disk '" + words_ + "': " + cause, remedy);
    }
    void warn(const std::string& cause, const std::string& remedy = {}) {
        work_.warn(place_, "disk '" + words_ + "': " + cause, remedy);
    }

    bool is_empty_drive() {
        if (disk_.spec.is_cdrom == 0 && disk_.spec.format != LIBXL_DISK_FORMAT_EMPTY) return false;
        if (disk_.spec.format == LIBXL_DISK_FORMAT_EMPTY)
            warn("an empty drive is left out", "attach a disk when there is one");
        else
            refuse("xvm has no CD-ROM drive",
                   "write it as a read-only disk: " + text_of(disk_.spec.pdev_path) + ",raw,xvdb,r");
        return true;
    }

    bool check_source() {
        const std::string script = text_of(disk_.spec.script);
        const std::string backend = text_of(disk_.spec.backend_domname);
        if (!script.empty())
            refuse("script '" + script + "': xvm runs no scripts",
                   "attach the device in dom0 first, and name it: target=/dev/...");
        else if (!backend.empty() && backend != "0" && backend != "Domain-0")
            refuse("backend domain '" + backend + "': xvm serves disks from dom0", "leave backend=... out");
        else if (text_of(disk_.spec.pdev_path).empty())
            refuse("it has no target", "name a file or a block device: target=/...");
        else
            return true;
        return false;
    }

    bool check_device() {
        const std::string dev = text_of(disk_.spec.vdev);
        if (plan::disk_devid(dev)) return true;
        refuse(dev.empty() ? "it has no vdev" : "its device is '" + dev + "'",
               "name it xvda to xvdp, or a partition such as xvda1, and see to root= and the guest's fstab");
        return false;
    }

    bool check_format() {
        switch (disk_.spec.format) {
        case LIBXL_DISK_FORMAT_UNKNOWN:
        case LIBXL_DISK_FORMAT_RAW:
            return true;
        default:
            const std::string path = text_of(disk_.spec.pdev_path);
            refuse("format '" + text_of(libxl_disk_format_to_string(disk_.spec.format)) + "' is not raw",
                   "convert it: qemu-img convert -O raw " + path + " " + path + ".raw");
            return false;
        }
    }

    void warn_of_options() {
        if (disk_.spec.direct_io_safe) warn("'direct-io-safe' is left out: xvm's I/O is direct");
        if (!libxl_defbool_is_default(disk_.spec.discard_enable) &&
            libxl_defbool_val(disk_.spec.discard_enable))
            warn("'discard' is left out: xvm's disks do not discard yet");
        if (!libxl_defbool_is_default(disk_.spec.colo_enable) && libxl_defbool_val(disk_.spec.colo_enable))
            warn("'colo' is left out: xvm does not replicate");
    }

    void write() {
        std::string path = text_of(disk_.spec.pdev_path);
        // The block script of old: a device without a directory is in /dev.
        if (path.front() != '/')
            path = words_.find("phy:") != std::string::npos || disk_.spec.backend == LIBXL_DISK_BACKEND_PHY
                       ? "/dev/" + path
                       : work_.absolute(path);
        work_.toml.table("disk");
        work_.toml.text("dev", text_of(disk_.spec.vdev));
        work_.toml.text("raw", path);
        work_.toml.text("mode", disk_.spec.readwrite != 0 ? "w" : "r");
        work_.toml.text("backend", "blkback"); // a guest of xl's has Linux's own block driver
    }

    Conversion& work_;
    const std::string& words_;
    std::string place_;
    Disk disk_;
};

} // namespace

void convert_disks(Conversion& work) {
    if (work.file.find("disk") == nullptr) return;
    const auto items = work.file.list("disk");
    if (!items)
        return work.refuse(work.place("disk"), "'disk' is no list of texts", "write disk = [ \"...\" ]");
    for (const std::string& words : *items)
        Disk_conversion(work, words).run();
}

} // namespace xvm::import
