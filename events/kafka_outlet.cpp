#include "events/kafka_outlet.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <stdexcept>
#include <utility>

#include "config/logging.hpp"

namespace dompet::events {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long a full queue is given before it is tried again.
constexpr milliseconds pause_when_full{50};

/// How long the brokers are waited for.
struct Patience {
  steady_clock::time_point deadline{};
  const std::stop_token& stop;

  bool is_over() const { return stop.stop_requested() || steady_clock::now() > deadline; }
};

std::unique_ptr<RdKafka::Conf> configuration(const KafkaSettings& settings) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  const std::pair<const char*, std::string> properties[]{
      {"client.id", "dompet"},
      {"bootstrap.servers", settings.brokers},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      // Messages are withdrawn all at once or not at all: a single one that expired would be a hole in a wallet's
      // order.
      {"message.timeout.ms", "0"},
      // As Java's clients spread keys, so that others who produce to the topic agree.
      {"partitioner", "murmur2_random"},
      {"compression.type", settings.compression},
      {"linger.ms", "5"},
      {"queue.buffering.max.kbytes", std::to_string(settings.queue_kilobytes)},
      {"security.protocol", settings.security_protocol},
      {"sasl.mechanism", settings.sasl_mechanism},
      {"sasl.username", settings.sasl_username},
      {"sasl.password", settings.sasl_password},
      {"ssl.ca.location", settings.ssl_ca_location},
      {"ssl.certificate.location", settings.ssl_certificate_location},
      {"ssl.key.location", settings.ssl_key_location},
      {"ssl.key.password", settings.ssl_key_password},
  };
  for (const auto& [name, value] : properties) {
    std::string reason;
    if (!value.empty() && conf->set(name, value, reason) != RdKafka::Conf::CONF_OK)
      throw std::runtime_error("Kafka's client does not take " + std::string{name} + ": " + reason + ".");
  }
  return conf;
}

}  // namespace

class KafkaOutlet::Producer final : public RdKafka::DeliveryReportCb, public RdKafka::EventCb {
 public:
  explicit Producer(const KafkaSettings& settings) : topic_(settings.topic) {
    const auto conf = configuration(settings);
    std::string reason;
    conf->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(this), reason);
    conf->set("event_cb", static_cast<RdKafka::EventCb*>(this), reason);
    producer_.reset(RdKafka::Producer::create(conf.get(), reason));
    if (!producer_)
      throw std::runtime_error("Kafka's client cannot start: " + reason + ".");
  }

  /// What was not acknowledged is withdrawn, so that nothing waits for brokers that are away.
  ~Producer() override {
    producer_->purge(RdKafka::Producer::PURGE_QUEUE | RdKafka::Producer::PURGE_INFLIGHT);
    producer_->poll(0);
  }

  void produce(const std::string& key, const std::string& value, const Patience& patience) {
    for (;;) {
      const RdKafka::ErrorCode code =
          producer_->produce(topic_, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                             const_cast<char*>(value.data()), value.size(), key.data(), key.size(), 0, nullptr);
      if (code == RdKafka::ERR_NO_ERROR)
        break;
      if (code != RdKafka::ERR__QUEUE_FULL || patience.is_over())
        throw std::runtime_error("the brokers did not take an event: " + RdKafka::err2str(code));
      producer_->poll(static_cast<int>(pause_when_full.count()));
    }
    ++open_;
    producer_->poll(0);
  }

  void await_all(const Patience& patience) {
    while (open_ > 0 && fault_.empty()) {
      if (patience.is_over())
        throw std::runtime_error("the brokers did not acknowledge " + std::to_string(open_) + " events in time" +
                                 (word_.empty() ? "" : "; " + word_));
      producer_->poll(static_cast<int>(pause_when_full.count()));
    }
    if (!fault_.empty())
      throw std::runtime_error("the brokers refused an event: " + fault_);
  }

  void dr_cb(RdKafka::Message& message) override {
    --open_;
    if (message.err() != RdKafka::ERR_NO_ERROR && fault_.empty())
      fault_ = message.errstr();
  }

  /// librdkafka tells of brokers that come and go; only the last word is worth anything, when a page fails.
  void event_cb(RdKafka::Event& event) override {
    if (event.type() == RdKafka::Event::EVENT_ERROR)
      word_ = event.fatal() ? "fatal: " + event.str() : event.str();
  }

 private:
  std::string topic_;
  std::unique_ptr<RdKafka::Producer> producer_{};
  std::size_t open_ = 0;
  std::string fault_{};
  std::string word_{};
};

KafkaOutlet::KafkaOutlet(KafkaSettings settings, EventJson json)
    : settings_(std::move(settings)), json_(std::move(json)), producer_(std::make_unique<Producer>(settings_)) {}

KafkaOutlet::~KafkaOutlet() = default;

void KafkaOutlet::take(std::span<const Event> page, SqlSession&, const std::stop_token& stop) {
  const Patience patience{steady_clock::now() + settings_.delivery_timeout, stop};
  if (!producer_)
    producer_ = std::make_unique<Producer>(settings_);
  try {
    for (const Event& event : page)
      producer_->produce(to_string(event.wallet), json_(event), patience);
    producer_->await_all(patience);
  } catch (const std::exception&) {
    producer_.reset();
    throw;
  }
}

}  // namespace dompet::events
