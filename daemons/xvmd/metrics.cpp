// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/metrics.hpp"

#include <algorithm>
#include <array>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sstream>

namespace xvm::xvmd {
namespace prom = prometheus;
namespace {

/// From what a query takes to what a guest's save takes.
const prom::Histogram::BucketBoundaries seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                0.5,   1,      2.5,   5,    10,    30,   60};

constexpr std::array<std::string_view, 5> methods{"GET", "POST", "PUT", "DELETE", "HEAD"};

using Labels = std::vector<prom::ClientMetric::Label>;

/// A family whose values are known only now.
class Sampled {
  public:
    Sampled(prom::MetricType type, std::string name, std::string help) {
        family_.type = type;
        family_.name = std::move(name);
        family_.help = std::move(help);
    }
    void add(double value, Labels labels = {}) {
        prom::ClientMetric& metric = family_.metric.emplace_back();
        metric.label = std::move(labels);
        (family_.type == prom::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    }
    void move_to(std::vector<prom::MetricFamily>& all) {
        if (!family_.metric.empty()) all.push_back(std::move(family_));
    }

  private:
    prom::MetricFamily family_;
};

void add_disks(std::vector<prom::MetricFamily>& all, const std::vector<Metrics_facts::Disk>& disks) {
    struct Column {
        const char* name;
        const char* help;
        std::uint64_t Metrics_facts::Disk::*value;
    };
    const std::array columns{
        Column{"xvm_disk_requests_total", "Requests served", &Metrics_facts::Disk::requests},
        Column{"xvm_disk_errors_total", "Requests answered with an error", &Metrics_facts::Disk::errors},
        Column{"xvm_disk_read_bytes_total", "Bytes read by guests", &Metrics_facts::Disk::read_bytes},
        Column{"xvm_disk_written_bytes_total", "Bytes written by guests",
               &Metrics_facts::Disk::written_bytes}};
    for (const Column& column : columns) {
        Sampled family(prom::MetricType::Counter, column.name, column.help);
        for (const Metrics_facts::Disk& disk : disks)
            family.add(static_cast<double>(disk.*column.value), {{"domain", disk.domain}, {"dev", disk.dev}});
        family.move_to(all);
    }
}

void add_gauge(std::vector<prom::MetricFamily>& all, const char* name, const char* help, double value) {
    Sampled family(prom::MetricType::Gauge, name, help);
    family.add(value);
    family.move_to(all);
}

} // namespace

struct Metrics::Counted {
    prom::Registry registry;
    prom::Family<prom::Counter>& operations;
    prom::Family<prom::Histogram>& durations;
    prom::Family<prom::Counter>& requests;
    prom::Family<prom::Counter>& moved;

    Counted()
        : operations(prom::BuildCounter()
                         .Name("xvm_operations_total")
                         .Help("Operations that ended, by verb and outcome")
                         .Register(registry)),
          durations(prom::BuildHistogram()
                        .Name("xvm_operation_duration_seconds")
                        .Help("How long operations took, by verb")
                        .Register(registry)),
          requests(prom::BuildCounter()
                       .Name("xvm_http_requests_total")
                       .Help("HTTP requests answered, by method and status")
                       .Register(registry)),
          moved(prom::BuildCounter()
                    .Name("xvm_memory_moved_bytes_total")
                    .Help("Memory of guests that operations moved, by verb")
                    .Register(registry)) {}
};

Metrics::Metrics(const std::string& version) : counted_(std::make_unique<Counted>()) {
    prom::BuildGauge()
        .Name("xvm_build_info")
        .Help("1, with the version as a label")
        .Register(counted_->registry)
        .Add({{"version", version}})
        .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::count_operation(const std::string& verb, const std::string& outcome,
                              std::chrono::microseconds duration) {
    counted_->operations.Add({{"verb", verb}, {"outcome", outcome}}).Increment();
    counted_->durations.Add({{"verb", verb}}, seconds)
        .Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::count_moved(const std::string& verb, std::uint64_t bytes) {
    if (bytes > 0) counted_->moved.Add({{"verb", verb}}).Increment(static_cast<double>(bytes));
}

void Metrics::count_request(std::string_view method, unsigned status) {
    const bool known = std::find(methods.begin(), methods.end(), method) != methods.end();
    counted_->requests
        .Add({{"method", known ? std::string(method) : "other"}, {"status", std::to_string(status)}})
        .Increment();
}

std::string Metrics::text(const Metrics_facts& facts) const {
    std::vector<prom::MetricFamily> all = counted_->registry.Collect();
    Sampled domains(prom::MetricType::Gauge, "xvm_domains", "Domains, by state");
    for (const auto& [state, count] : facts.domains)
        domains.add(static_cast<double>(count), {{"state", state}});
    domains.move_to(all);
    if (facts.memory) {
        add_gauge(all, "xvm_memory_total_bytes", "Memory of the host",
                  static_cast<double>(facts.memory->total_bytes));
        add_gauge(all, "xvm_memory_free_bytes", "Memory that guests may still get",
                  static_cast<double>(facts.memory->free_bytes));
        add_gauge(all, "xvm_memory_promised_bytes", "Of it, promised to operations under way",
                  static_cast<double>(facts.memory->promised_bytes));
    }
    add_gauge(all, "xvm_block_backend_up", "1 if xvm-blkd answers", facts.block_backend_up ? 1 : 0);
    if (facts.management) {
        add_gauge(all, "xvm_service_running", "1 if the management service takes requests",
                  facts.management->running ? 1 : 0);
        const auto add_counter = [&](const char* name, const char* help, std::uint64_t value) {
            Sampled family(prom::MetricType::Counter, name, help);
            family.add(static_cast<double>(value));
            family.move_to(all);
        };
        add_counter("xvm_service_starts_total", "Times the management service was started",
                    facts.management->starts);
        add_counter("xvm_service_answered_total", "Requests that it answered", facts.management->answered);
        add_counter("xvm_service_refused_total", "Requests that were refused for it",
                    facts.management->refused);
    }
    add_gauge(all, "xvm_event_followers", "Clients that follow the events",
              static_cast<double>(facts.event_followers));
    add_disks(all, facts.disks);
    std::ostringstream out;
    prom::TextSerializer().Serialize(out, all);
    return out.str();
}

} // namespace xvm::xvmd
