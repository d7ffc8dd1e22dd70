#pragma once

#include <memory>

#include "events/consumer.hpp"
#include "events/settings.hpp"

namespace dompet::events {

/// Produces every event to a Kafka topic: the wallet's id is the key, so that the events of a wallet are in one
/// partition and in their order; the event as JSON is the value. The producer is idempotent and waits for all replicas
/// in sync.
///
/// A page is taken when the brokers have acknowledged each of its messages. When they do not in time, all that is still
/// under way is withdrawn, the producer is thrown away, and the page comes again to a new one: some of its events may
/// be twice in the topic then, none is missing, and the first of each wallet's are in order.
class KafkaOutlet final : public Consumer {
 public:
  /// Throws std::runtime_error with a whole sentence when librdkafka does not take the settings.
  KafkaOutlet(KafkaSettings settings, EventJson json);
  ~KafkaOutlet() override;

  std::string name() const override { return "kafka"; }
  Beginning beginning() const override {
    return settings_.from_the_beginning ? Beginning::first_event : Beginning::now;
  }
  void take(std::span<const Event> page, SqlSession& database0, const std::stop_token& stop) override;

 private:
  class Producer;
  KafkaSettings settings_;
  EventJson json_;
  std::unique_ptr<Producer> producer_;
};

}  // namespace dompet::events
