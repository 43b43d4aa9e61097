// SPDX-License-Identifier: Apache-2.0
// Plays all drivers of a machine whenever the code under test looks at the store: xvm-blkd, dom0's netback
// and blkback, and the guest's front ends. It sits between that code and the store, so no thread is involved.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/hosted/devices.hpp"
#include "tests/unit/toolstack/run/passing_store.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

namespace xvm::tests {

class Driver_double final : public Passing_store {
  public:
    Driver_double(port::Store& store, port::Domains& domains, port::hosted::Network_ledger& network)
        : Passing_store(store), domains_(domains), network_(network) {}

    enum class Guest { takes, busy, ignores, gives_up };
    Guest guest = Guest::takes;
    bool kernel_has_drivers = true;
    bool blkd_runs = true;

    Result<std::string> read(const std::string& path, port::Txn txn) override {
        if (txn == port::Txn::none) play();
        return store_.read(path, txn);
    }

    /// Until nobody has anything to do.
    void play() {
        for (int round = 0; round < 20 && play_once(); ++round) {
        }
    }

  private:
    struct Device {
        std::string device_class;
        std::string back;
        std::string front;
        std::string config;
        std::string interface;
        Domid guest{};
    };

    std::string at(const std::string& path) { return store_.read(path).value_or(""); }
    void set(const std::string& path, const std::string& value) { REQUIRE(store_.write(path, value)); }

    bool play_once() {
        bool moved = false;
        for (const std::string device_class : {"xvbd", "vbd", "vif"}) {
            const std::string root = "/local/domain/0/backend/" + device_class;
            for (const std::string& guest_id : store_.list(root).value_or(std::vector<std::string>{}))
                for (const std::string& devid :
                     store_.list(root + "/" + guest_id).value_or(std::vector<std::string>{})) {
                    const std::string tail = device_class + "/" + devid;
                    const Device device{device_class,
                                        root + "/" + guest_id + "/" + devid,
                                        "/local/domain/" + guest_id + "/device/" + tail,
                                        "/xvm/domain/" + guest_id + "/" + tail,
                                        "vif" + guest_id + "." + devid,
                                        *parse_domid(guest_id)};
                    moved = play_backend(device) || moved;
                    moved = play_guest(device) || moved;
                }
        }
        return moved;
    }

    bool to(const std::string& dir, const std::string& state) {
        set(dir + "/state", state);
        return true;
    }

    bool play_backend(const Device& device) {
        const bool ours = device.device_class == "xvbd";
        if (ours ? !blkd_runs : !kernel_has_drivers) return false;
        const std::string back = at(device.back + "/state");
        const std::string front = at(device.front + "/state");
        const bool left = front.empty() || front == "5" || front == "6";
        if (back.empty() || back == "6") return false;
        if (left) {
            network_.remove_interface(device.interface);
            return to(device.back, "6");
        }
        if (back == "1") {
            if (device.device_class == "vif") network_.add_interface(device.interface);
            return to(device.back, "2");
        }
        if (back == "2" && (front == "3" || front == "4")) {
            if (device.device_class == "vif" && at(device.back + "/hotplug-status") != "connected")
                return false;
            if (ours) set(device.back + "/sectors", sectors(device));
            return to(device.back, "4");
        }
        if (ours && back == "4" && at(device.back + "/sectors") != sectors(device)) {
            set(device.back + "/sectors", sectors(device));
            return true;
        }
        return false;
    }

    std::string sectors(const Device& device) {
        std::error_code error;
        const auto bytes = std::filesystem::file_size(at(device.config + "/path"), error);
        return error ? "0" : std::to_string(bytes / 512);
    }

    bool play_guest(const Device& device) {
        const auto info = domains_.info(device.guest);
        if (guest == Guest::ignores || !info || info->paused || info->dying) return false;
        const std::string back = at(device.back + "/state");
        const std::string front = at(device.front + "/state");
        if (front.empty() || front == "6") return false;
        if (guest == Guest::gives_up && front == "1") return to(device.front, "6");
        if (back == "5" || back == "6") return to(device.front, "6");
        if (front == "1" && back == "2") return to(device.front, device.device_class == "vif" ? "4" : "3");
        if (front == "3" && back == "4") return to(device.front, "4");
        if (device.device_class != "xvbd" || back != "4" || at(device.back + "/online") != "0") return false;
        if (guest != Guest::busy) return to(device.front, "6");
        if (at(device.front + "/busy") == "1") return false;
        set(device.front + "/busy", "1");
        return true;
    }

    port::Domains& domains_;
    port::hosted::Network_ledger& network_;
};

} // namespace xvm::tests
