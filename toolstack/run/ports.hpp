// SPDX-License-Identifier: Apache-2.0
// What the toolstack works through. Used by one thread at a time; another thread has Ports of its own.
#pragma once

#include "libvmshare/port/direct.hpp"
#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/events.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/loop.hpp"
#include "libvmshare/port/net.hpp"
#include "libvmshare/port/store.hpp"
#include "toolstack/run/direct_book.hpp"
#include "toolstack/run/guest_book.hpp"
#include "toolstack/run/image_cache.hpp"
#include "toolstack/run/journal.hpp"
#include "toolstack/run/reservations.hpp"
#include "toolstack/run/shell_pool.hpp"

#include <chrono>
#include <functional>

namespace xvm::run {

struct Patience {
    std::chrono::milliseconds backend = std::chrono::seconds(5); ///< for a backend to offer or to let go
    std::chrono::milliseconds domain = std::chrono::seconds(5);  ///< for Xen to forget a dead domain
    std::chrono::milliseconds memory = std::chrono::seconds(10); ///< for memory to go back to who gave it
};

struct Ports {
    port::Domains& domains;
    port::Store& store;
    /// Whether a block backend serves: the Error is what a user is told who wants a disk.
    std::function<Status()> block_backend;
    Patience patience;
    Guest_book& book;
    /// Null: plans are not journalled.
    const Journal* journal = nullptr;
    /// Dom0's own; null: none to be had.
    port::Network* network = nullptr;
    port::Loops* loops = nullptr;
    /// Null: kernels and RAM disks are read each time.
    Image_cache* images = nullptr;
    /// Null: every domain is made when it is wanted.
    Shell_pool* shells = nullptr;
    /// Null: what is free is anybody's.
    Reservations* reservations = nullptr;
    /// Null, any of them: no device is given to a guest.
    port::Direct_devices* direct = nullptr;
    port::Grants* grants = nullptr;
    port::Events* events = nullptr;
    Direct_book* devices = nullptr;
};

} // namespace xvm::run
