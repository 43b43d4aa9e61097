// SPDX-License-Identifier: Apache-2.0
// Who changed what, when, and how it ended: a JSON line for every call that changes something.
//
// Invariant: a line is written after the call ended, whole or not at all; no line holds a secret or the text
// of a configuration; the files are bounded (size and number). That a line cannot be written (disk full)
// stops no operation: the log says so, once until it works again.
#pragma once

#include "daemons/common/message.hpp"
#include "libvmshare/base/result.hpp"

#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

namespace xvm::xvmd {

struct Audit_record {
    daemon::Peer peer;
    std::string verb;              ///< as a user writes it: "disk attach"
    std::string object;            ///< "web": the guest or configuration it was about; empty: the host
    boost::json::object arguments; ///< as they came; made presentable here
    std::string outcome;           ///< "done", "cancelled", or the fault's name
    std::string cause;             ///< of a failure, in words
    std::chrono::milliseconds duration{};
};

/// The arguments as they may be kept: what is called a password, secret, key or token is replaced by "…",
/// text over 256 bytes by {"bytes": n}.
[[nodiscard]] boost::json::object presentable(const boost::json::object& arguments);

class Audit {
  public:
    struct Limits {
        std::size_t file_bytes = 4 * 1024 * 1024;
        std::size_t old_files = 4; ///< audit.1.jsonl … beside the newest
    };

    /// Opens `path` for appending (0640); makes its directory (0750) if its parent is there. `journal`:
    /// each record goes to the system's journal too, with fields XVM_VERB, XVM_OBJECT, XVM_UID, XVM_OUTCOME.
    [[nodiscard]] static Result<std::unique_ptr<Audit>> open(const std::string& path, bool journal) {
        return open(path, journal, Limits{});
    }
    [[nodiscard]] static Result<std::unique_ptr<Audit>> open(const std::string& path, bool journal,
                                                             Limits limits);
    Audit(const Audit&) = delete;
    Audit& operator=(const Audit&) = delete;
    ~Audit();

    /// Any thread.
    void write(const Audit_record& record);

  private:
    class File;
    Audit(std::unique_ptr<File> file, bool journal);

    std::unique_ptr<File> file_;
    bool journal_;
    std::mutex mutex_;
    bool broken_ = false; ///< the last line could not be written
};

} // namespace xvm::xvmd
