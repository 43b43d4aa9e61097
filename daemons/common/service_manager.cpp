// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/service_manager.hpp"

#if XVM_HAVE_SYSTEMD
#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <spdlog/spdlog.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#endif

namespace xvm::daemon {
#if XVM_HAVE_SYSTEMD
namespace {

/// libsystemd, as long as this lives.
class Library {
  public:
    /// The function of that name and type; nullptr: not there.
    template <class Function>
    [[nodiscard]] Function* find(const char* name) const noexcept {
        return handle_ != nullptr ? reinterpret_cast<Function*>(::dlsym(handle_.get(), name)) : nullptr;
    }

  private:
    struct Close {
        void operator()(void* handle) const noexcept { ::dlclose(handle); }
    };
    std::unique_ptr<void, Close> handle_{::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL)};
};

bool asked(const char* variable) {
    return std::getenv(variable) != nullptr;
}

} // namespace

void notify_service_manager(const std::string& state) {
    if (!asked("NOTIFY_SOCKET")) return;
    const Library library;
    if (const auto notify = library.find<decltype(::sd_notify)>("sd_notify"))
        notify(0, state.c_str());
    else
        spdlog::warn("the service manager is not told '{}': libsystemd.so.0 is not there", state);
}

Result<std::vector<std::pair<std::string, int>>> handed_descriptors() {
    std::vector<std::pair<std::string, int>> all;
    if (!asked("LISTEN_FDS")) return all;
    const Library library;
    const auto take = library.find<decltype(::sd_listen_fds_with_names)>("sd_listen_fds_with_names");
    if (take == nullptr)
        return fail(Fault::unreachable, "LISTEN_FDS", "libsystemd.so.0 is not there", "install libsystemd0");
    char** names = nullptr;
    const int count = take(1, &names);
    if (count < 0) return fail_errno(-count, "LISTEN_FDS", "take the sockets handed over");
    for (int i = 0; i < count; ++i) {
        all.emplace_back(names[i], SD_LISTEN_FDS_START + i);
        std::free(names[i]);
    }
    std::free(names);
    return all;
}

std::uint64_t watchdog_interval_us() {
    std::uint64_t interval_us = 0;
    if (!asked("WATCHDOG_USEC")) return interval_us;
    const Library library;
    const auto enabled = library.find<decltype(::sd_watchdog_enabled)>("sd_watchdog_enabled");
    return enabled != nullptr && enabled(0, &interval_us) > 0 ? interval_us : 0;
}

void write_to_journal(const std::vector<std::string>& fields) {
    static const Library library; // there is more to come
    static const auto send = library.find<decltype(::sd_journal_sendv)>("sd_journal_sendv");
    if (send == nullptr) return;
    std::vector<iovec> parts;
    for (const std::string& field : fields)
        parts.push_back({const_cast<char*>(field.data()), field.size()}); // only read
    send(parts.data(), static_cast<int>(parts.size()));
}
#else
void notify_service_manager(const std::string&) {}

Result<std::vector<std::pair<std::string, int>>> handed_descriptors() {
    return std::vector<std::pair<std::string, int>>{};
}

std::uint64_t watchdog_interval_us() {
    return 0;
}

void write_to_journal(const std::vector<std::string>&) {}
#endif

} // namespace xvm::daemon
