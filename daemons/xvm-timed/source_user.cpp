// SPDX-License-Identifier: Apache-2.0
// Invariant: one timer and one reading of the clocks serve all frames, which differ in nothing but where
// they lie; without a guest there is no timer.
#include "daemons/xvm-timed/source.hpp"
#include "daemons/xvm-timed/user_clock.hpp"
#include "libvmshare/base/file.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <sys/mman.h>
#include <sys/random.h>

namespace xvm::timed {
namespace {

namespace asio = boost::asio;

/// The page in a file that programs of dom0 map.
class File_page {
  public:
    static Result<std::unique_ptr<File_page>> make(const std::string& path) {
        // A new file: who has the old one mapped sees its owner fall silent.
        const std::string fresh = path + ".new";
        XVM_TRY(make_directories(path.substr(0, path.rfind('/')), 0755));
        XVM_TRY_LET(Unique_fd fd, open_file(fresh, O_RDWR | O_CREAT | O_TRUNC, 0644));
        if (::ftruncate(fd.get(), XVM_TIME_PAGE_BYTES) != 0) return fail_errno(errno, fresh, "sizing");
        void* at = ::mmap(nullptr, XVM_TIME_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
        if (at == MAP_FAILED) return fail_errno(errno, fresh, "mapping");
        if (::rename(fresh.c_str(), path.c_str()) != 0) return fail_errno(errno, path, "renaming");
        return std::make_unique<File_page>(static_cast<xvm_time_page*>(at));
    }
    explicit File_page(xvm_time_page* page) : page_(page) {}
    ~File_page() { ::munmap(page_, XVM_TIME_PAGE_BYTES); }
    File_page(const File_page&) = delete;
    File_page& operator=(const File_page&) = delete;
    [[nodiscard]] xvm_time_page* page() const noexcept { return page_; }

  private:
    xvm_time_page* page_;
};

class User_source final : public Page_source {
  public:
    User_source(asio::io_context& context, std::shared_ptr<port::Granter> granter,
                std::unique_ptr<File_page> file, std::uint64_t id, std::uint64_t counter_hz)
        : granter_(std::move(granter)), file_(std::move(file)), id_(id), counter_hz_(counter_hz),
          clock_(counter_hz != 0), timer_(context) {
        begin_page(master_, file_ ? file_->page() : &own_);
    }
    ~User_source() override {
        for_each([](xvm_time_writer& w) { xvm_time_writer_set_state(&w, XVM_TIME_STOPPED); });
        for (const auto& [guest, frame] : frames_)
            (void)granter_->end(frame.grefs); // what is still mapped goes with the last mapping
    }
    User_source(const User_source&) = delete;
    User_source& operator=(const User_source&) = delete;

    std::string_view owner() const override { return "program"; }
    std::uint64_t id() const override { return id_; }

    Result<Gref> give(Domid guest) override {
        if (const auto found = frames_.find(guest); found != frames_.end()) return found->second.grefs[0];
        XVM_TRY_LET(const port::Granter::Shared shared, granter_->share(guest, 1, port::Access::read_only));
        Frame& frame = frames_[guest];
        frame.grefs.assign(shared.grefs.begin(), shared.grefs.end());
        auto* page = reinterpret_cast<xvm_time_page*>(shared.bytes.data());
        begin_page(frame.writer, page);
        frame.writer = master_; // and goes on where the others are
        frame.writer.page = page;
        if (frames_.size() == 1) start();
        return frame.grefs[0];
    }
    Status take_back(Domid guest) override {
        const auto found = frames_.find(guest);
        if (found == frames_.end()) return {};
        XVM_TRY(granter_->end(found->second.grefs));
        frames_.erase(found);
        if (frames_.empty()) {
            timer_.cancel();
            xvm_time_writer_set_state(&master_, XVM_TIME_RESTING);
        }
        return {};
    }
    Result<std::vector<Domid>> holders() override {
        std::vector<Domid> all;
        for (const auto& [guest, frame] : frames_)
            all.push_back(guest);
        return all;
    }

  private:
    struct Frame {
        std::vector<Gref> grefs;
        xvm_time_writer writer{};
    };

    void begin_page(xvm_time_writer& writer, xvm_time_page* page) const {
        xvm_time_writer_init(&writer, page, XVM_TIME_OWNER_USER, tick_hz(), id_, counter_hz_);
    }
    template <class Visit>
    void for_each(Visit visit) {
        visit(master_);
        for (auto& [guest, frame] : frames_)
            visit(frame.writer);
    }
    void start() {
        for_each([](xvm_time_writer& w) { ++w.page->stats.starts; });
        next_ = std::chrono::steady_clock::now();
        tick();
    }
    void tick() {
        const auto now = std::chrono::steady_clock::now();
        const auto late = static_cast<std::uint64_t>(std::chrono::nanoseconds(now - next_).count());
        for_each([](xvm_time_writer& w) { xvm_time_writer_begin(&w); });
        const xvm_time_ref ref = clock_.read();
        for_each([&](xvm_time_writer& w) {
            xvm_time_writer_update(&w, &ref);
            xvm_time_stats& stats = w.page->stats;
            XVM_TIME_STORE(stats.writes, stats.writes + 1);
            XVM_TIME_STORE(stats.writes_elsewhere, stats.writes_elsewhere + 1);
            if (late > stats.max_late_ns) XVM_TIME_STORE(stats.max_late_ns, late);
            XVM_TIME_STORE(stats.readers, std::uint64_t{frames_.size()});
        });
        const std::chrono::nanoseconds period(master_.page->constants.tick_ns);
        next_ += period;
        if (next_ <= now) next_ = now + period;
        timer_.expires_at(next_);
        timer_.async_wait([this](const boost::system::error_code& e) {
            if (!e && !frames_.empty()) tick();
        });
    }

    std::shared_ptr<port::Granter> granter_;
    std::unique_ptr<File_page> file_;
    std::uint64_t id_;
    std::uint64_t counter_hz_;
    User_clock clock_;
    asio::steady_timer timer_;
    std::chrono::steady_clock::time_point next_;
    xvm_time_page own_{}; ///< where there is no file
    xvm_time_writer master_{};
    std::map<Domid, Frame> frames_;
};

} // namespace

Result<std::unique_ptr<Page_source>>
make_user_source(asio::io_context& context, std::shared_ptr<port::Granter> granter, const std::string& file) {
    std::uint64_t id = 0;
    if (::getrandom(&id, sizeof(id), 0) != static_cast<ssize_t>(sizeof(id)))
        return fail_errno(errno, "an id for the timer page", "random bytes");
    std::unique_ptr<File_page> page;
    if (!file.empty()) {
        XVM_TRY_LET(page, File_page::make(file));
    }
    return std::make_unique<User_source>(context, std::move(granter), std::move(page), id | 1,
                                         counter_hz().value_or(0));
}

} // namespace xvm::timed
