#include "http/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <sstream>
#include <unordered_map>

#include "config/logging.hpp"
#include "events/runner.hpp"
#include "http/audit_queue.hpp"
#include "http/event_feed.hpp"
#include "http/router.hpp"
#include "http/services.hpp"
#include "notices/sender.hpp"
#include "providers/marketplace_counts.hpp"
#include "webhooks/counts.hpp"

namespace dompet::http {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

const prometheus::Histogram::BucketBoundaries latency_buckets_s{0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02,
                                                                0.05,   0.1,   0.25,  0.5,   1.0,   2.5,    5.0,  10.0};

MetricFamily family(std::string name, std::string help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  return {std::move(name), std::move(help), type, {std::move(metric)}};
}

void append_engine(std::vector<MetricFamily>& families, const EngineCounters& counters) {
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    families.push_back(
        family("dompet_engine_" + std::string{name}, help, MetricType::Counter, static_cast<double>(value)));
  };
  counter("commits_total", "Batches committed.", counters.commits);
  counter("committed_records_total", "Journal records committed.", counters.committed_records);
  families.push_back(family("dompet_engine_commit_seconds_total", "Time spent waiting for commits.",
                            MetricType::Counter, static_cast<double>(counters.commit_microseconds) / 1e6));
  counter("lane_resets_total", "Times the commit lane threw its speculative state away.", counters.lane_resets);
  counter("unknown_commits_total", "Commits whose outcome had to be looked up.", counters.unknown_commits);
  counter("rejected_commits_total", "Batches that the database refused.", counters.rejected_commits);
  counter("wallet_loads_total", "Wallets read from the journal.", counters.wallet_loads);
  counter("wallet_crashes_total", "Wallet actors that crashed.", counters.wallet_crashes);
  counter("passivated_wallets_total", "Wallets put to sleep.", counters.passivated_wallets);
  counter("key_lookups_total", "Idempotency keys looked up in the database.", counters.key_lookups);
  counter("saga_resends_total", "Saga messages sent again.", counters.saga_resends);
  counter("integrity_alarms_total", "Contradictions in the ledger. Must stay 0.", counters.integrity_alarms);
  counter("slow_transfers_total", "Transfers that take their steps one by one.", counters.slow_transfers);
  counter("forwarded_requests_total", "Requests sent on to the node that has the wallet.", counters.forwarded_requests);
  counter("served_for_others_total", "Requests that came from other nodes.", counters.served_for_others);
  counter("link_losses_total", "Links to other nodes that broke.", counters.link_losses);
  counter("acquired_shards_total", "Shards taken over.", counters.acquired_shards);
  counter("given_shards_total", "Shards handed to another node.", counters.shards_given);
  counter("lost_shards_total", "Shards that another node took.", counters.shards_lost);
  counter("expired_peers_total", "Other nodes that this one declared dead.", counters.expired_peers);
  counter("missed_renewals_total", "Heartbeats that the database did not take.", counters.missed_renewals);
  counter("provider_contradictions_total", "Words of providers against what they had said before.",
          counters.provider_contradictions);
  counter("expired_payments_total", "Authorized payments whose time was over.", counters.expired_payments);
  families.push_back(family("dompet_engine_quarantined_wallets", "Wallets that no longer answer until somebody looks.",
                            MetricType::Gauge, static_cast<double>(counters.quarantined_wallets)));
  families.push_back(family("dompet_engine_resident_wallets", "Wallets in memory.", MetricType::Gauge,
                            static_cast<double>(counters.resident_wallets)));
}

void append_risk(std::vector<MetricFamily>& families, const RiskFigures& figures) {
  MetricFamily judged{"dompet_risk_evaluate_total",
                      "What risk rules said about movements, by each rule that was met.",
                      MetricType::Counter,
                      {}};
  for (const RiskFigures::Line& line : figures.lines) {
    prometheus::ClientMetric metric;
    metric.label = {{"decision", std::string{dompet::name_of(line.action)}}, {"reason", line.rule}};
    metric.counter.value = static_cast<double>(line.count);
    judged.metric.push_back(std::move(metric));
  }
  families.push_back(std::move(judged));
  prometheus::ClientMetric took;
  took.summary.sample_count = figures.assessments;
  took.summary.sample_sum = static_cast<double>(figures.nanoseconds) / 1e9;
  families.push_back({"dompet_risk_evaluate_seconds",
                      "How long judging took, without what had to be read for it.",
                      MetricType::Summary,
                      {std::move(took)}});
}

void append_mails(std::vector<MetricFamily>& families, const MailCounters& mails) {
  const auto append = [&](const char* name, const char* help, MetricType type, auto value) {
    families.push_back(family("dompet_email_" + std::string{name}, help, type, static_cast<double>(value)));
  };
  append("sent_total", "Mails that a mail server, or the spool, has taken.", MetricType::Counter, mails.sent);
  append("failed_total", "Mails that were given up.", MetricType::Counter, mails.failed);
  append("put_off_total", "Attempts that failed and are made again.", MetricType::Counter, mails.put_off);
  append("left_out_total", "Notices about money that were not written, since too many mails waited.",
         MetricType::Counter, mails.left_out);
  append("waiting", "Mails of the whole cluster that wait, at most 100,000.", MetricType::Gauge, mails.waiting);
  append("oldest_age_seconds", "How long the oldest of them has waited.", MetricType::Gauge, mails.oldest_age_s);
}

void append_pressure(std::vector<MetricFamily>& families, const Pressure& pressure) {
  families.push_back(
      family("dompet_engine_ready", "1 when money can be taken.", MetricType::Gauge, pressure.ready ? 1 : 0));
  families.push_back(family("dompet_lane_waiting_rows", "Journal rows that wait for their commit.", MetricType::Gauge,
                            static_cast<double>(pressure.waiting_rows)));
  families.push_back(family("dompet_lane_oldest_age_seconds", "How long the oldest of them has waited.",
                            MetricType::Gauge, static_cast<double>(pressure.oldest_age.count()) / 1e3));
}

void append_webhooks(std::vector<MetricFamily>& families, const WebhookCounts& counts) {
  const auto add = [&](const char* name, const char* help, MetricType type, double value) {
    families.push_back(family("dompet_webhook_" + std::string{name}, help, type, value));
  };
  add("attempts_total", "Calls to receivers.", MetricType::Counter, static_cast<double>(counts.attempts));
  add("delivered_total", "Deliveries that were taken.", MetricType::Counter, static_cast<double>(counts.delivered));
  add("given_up_total", "Deliveries whose last attempt failed.", MetricType::Counter,
      static_cast<double>(counts.given_up));
  add("endpoints_disabled_total", "Endpoints that this node disabled.", MetricType::Counter,
      static_cast<double>(counts.endpoints_disabled));
  add("pending", "Deliveries that wait, of all nodes, up to 100000.", MetricType::Gauge,
      static_cast<double>(counts.pending));
  add("failed", "Deliveries that were given up and are still kept, up to 100000.", MetricType::Gauge,
      static_cast<double>(counts.failed));
  add("oldest_age_seconds", "How long the oldest delivery has waited.", MetricType::Gauge,
      static_cast<double>(counts.oldest_s));
}

void append_marketplaces(std::vector<MetricFamily>& families, const MarketplaceCounts& counts) {
  MetricFamily said{"dompet_marketplace_notices_total", "What marketplaces said to notices.", MetricType::Counter, {}};
  const auto add = [&](const char* answer, std::uint64_t count) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"answer", answer});
    metric.counter.value = static_cast<double>(count);
    said.metric.push_back(std::move(metric));
  };
  add("taken", counts.delivered);
  add("refused", counts.refused);
  add("none", counts.unheard);
  families.push_back(std::move(said));
  families.push_back(family("dompet_marketplace_notices_waiting",
                            "Paid orders that their marketplaces have not taken, of all nodes, up to 100000.",
                            MetricType::Gauge, static_cast<double>(counts.waiting)));
  families.push_back(family("dompet_marketplace_notices_refused", "Those of them that were refused.", MetricType::Gauge,
                            static_cast<double>(counts.waiting_refused)));
}

/// One of a family whose members are told apart by their consumer.
void add_of_consumer(MetricFamily& family, const std::string& consumer, double value) {
  prometheus::ClientMetric metric;
  metric.label.push_back({"consumer", consumer});
  metric.counter.value = metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

void append_events(std::vector<MetricFamily>& families, const Services& services) {
  families.push_back(family("dompet_events_listeners", "Clients that listen to /v1/events/stream.", MetricType::Gauge,
                            static_cast<double>(services.event_feed.listeners())));
  families.push_back(family("dompet_events_streamed_total", "Events written to them.", MetricType::Counter,
                            static_cast<double>(services.event_feed.told())));
  MetricFamily lag{"dompet_events_lag",
                   "Records that a consumer has not read yet; -1 while another node runs it.",
                   MetricType::Gauge,
                   {}};
  MetricFamily delivered{"dompet_events_delivered_total", "Events that a consumer took.", MetricType::Counter, {}};
  MetricFamily failures{"dompet_events_failures_total",
                        "Pages that a consumer could not take, or that were not read.",
                        MetricType::Counter,
                        {}};
  for (const auto& [consumer, figures] : services.event_runners.figures()) {
    add_of_consumer(lag, consumer, static_cast<double>(figures->lag));
    add_of_consumer(delivered, consumer, static_cast<double>(figures->delivered));
    add_of_consumer(failures, consumer, static_cast<double>(figures->failures));
  }
  for (MetricFamily* one : {&lag, &delivered, &failures})
    if (!one->metric.empty())
      families.push_back(std::move(*one));
}

std::string route_label(const Exchange& exchange) {
  return exchange.route == nullptr ? "unknown" : std::string{exchange.route->path};
}

}  // namespace

class Metrics::Parts {
 public:
  prometheus::Counter& requests(const Exchange& exchange, int status) {
    prometheus::Counter*& known = by_route_[exchange.route].counters[{exchange.request.method, status}];
    if (known == nullptr)
      known = &requests_.Add({{"method", std::string{name_of(exchange.request.method)}},
                              {"route", route_label(exchange)},
                              {"status", std::to_string(status)}});
    return *known;
  }

  prometheus::Histogram& latency(const Exchange& exchange) {
    prometheus::Histogram*& known = by_route_[exchange.route].latency;
    if (known == nullptr)
      known = &latencies_.Add({{"route", route_label(exchange)}}, latency_buckets_s);
    return *known;
  }

  prometheus::Counter& shed(Shed reason) { return shed_.Add({{"reason", std::string{code(reason)}}}); }

  prometheus::Registry registry_;

 private:
  struct OfRoute {
    prometheus::Histogram* latency = nullptr;
    std::map<std::pair<Method, int>, prometheus::Counter*> counters{};
  };

  prometheus::Family<prometheus::Counter>& requests_ =
      prometheus::BuildCounter().Name("dompet_http_requests_total").Help("Requests answered.").Register(registry_);
  prometheus::Family<prometheus::Histogram>& latencies_ =
      prometheus::BuildHistogram()
          .Name("dompet_http_request_duration_seconds")
          .Help("From the request being read to its answer being given to the socket.")
          .Register(registry_);
  prometheus::Family<prometheus::Counter>& shed_ = prometheus::BuildCounter()
                                                       .Name("dompet_http_shed_total")
                                                       .Help("Requests refused before any work was done.")
                                                       .Register(registry_);
  std::unordered_map<const Route*, OfRoute> by_route_;
};

Metrics::Metrics() : parts_(std::make_unique<Parts>()) {
  for (const Shed reason : {Shed::not_ready, Shed::overloaded, Shed::too_many_requests})
    parts_->shed(reason);
}

Metrics::~Metrics() = default;

void Metrics::count(const Exchange& exchange, int status, double seconds) {
  parts_->requests(exchange, status).Increment();
  parts_->latency(exchange).Observe(seconds);
}

void Metrics::count(Shed reason) { parts_->shed(reason).Increment(); }

std::string Metrics::expose(const Services& services) const {
  const Admission& admission = services.admission;
  const AuditQueue& audit = services.audit;
  auto families = parts_->registry_.Collect();
  families.push_back(family("dompet_http_in_flight", "Requests at work in engine and database.", MetricType::Gauge,
                            static_cast<double>(admission.in_flight())));
  families.push_back(family("dompet_http_bulk_items_in_flight", "Items of bulk requests at work.", MetricType::Gauge,
                            static_cast<double>(admission.items_in_flight())));
  families.push_back(family("dompet_audit_rows_waiting", "What staff did that is not on record yet.", MetricType::Gauge,
                            static_cast<double>(audit.waiting())));
  families.push_back(family("dompet_audit_rows_lost_total", "What staff did that will never be on record. Must stay 0.",
                            MetricType::Counter, static_cast<double>(audit.lost())));
  families.push_back(family("dompet_log_lines_lost_total", "Log lines overwritten before they were written.",
                            MetricType::Counter, static_cast<double>(lost_log_lines())));
  append_pressure(families, services.engine.pressure());
  append_engine(families, services.engine.counters());
  append_risk(families, services.engine.risk_figures());
  append_events(families, services);
  append_mails(families, services.mails.counters());
  append_webhooks(families, services.webhook_counts);
  append_marketplaces(families, services.marketplace_counts);
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, families);
  return std::move(text).str();
}

}  // namespace dompet::http
