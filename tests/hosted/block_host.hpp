// SPDX-License-Identifier: Apache-2.0
// A hosted machine with a block back end that can be stopped in order, or die.
#pragma once

#include "daemons/xvm-blkd/backend.hpp"
#include "libvmshare/port/hosted/process.hpp"

#include <boost/asio/thread_pool.hpp>
#include <future>
#include <memory>
#include <thread>

namespace xvm::test {

/// What xvm-blkd's main() wires, on a thread of this process.
class Backend_process {
  public:
    explicit Backend_process(std::shared_ptr<port::hosted::Host> host);
    ~Backend_process();

    /// As by SIGTERM: finishes its batches, leaves the states as they are.
    void stop();
    /// As by SIGKILL: whatever is in the rings stays there, ports and mappings vanish.
    void kill();
    /// Reports of all disks.
    [[nodiscard]] std::vector<blkd::Vbd::Report> reports();

  private:
    void end();

    boost::asio::io_context context_{1};
    std::unique_ptr<boost::asio::thread_pool> pool_;
    std::unique_ptr<blkd::Backend> backend_;
    std::thread thread_;
};

} // namespace xvm::test
