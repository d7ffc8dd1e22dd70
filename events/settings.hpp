#pragma once

#include <chrono>
#include <string>

namespace dompet::events {

/// How consumers read. Each has its reason in config/dompet.example.toml.
struct RunnerSettings {
  /// Between two looks when there is nothing to tell, or another node tells it.
  std::chrono::milliseconds interval{200};
  /// Records that one step reads, at least one of every shard.
  int page_records = 1'000;
  /// How much of the time it may be at work while there is more to tell; the rest belongs to the commit lanes.
  int work_percent = 25;
};

/// Where events are produced to. Empty brokers: nowhere.
struct KafkaSettings {
  /// host:port of some of the cluster's brokers, with commas between.
  std::string brokers{};
  std::string topic = "dompet.events";
  /// What a topic gets that nothing was ever produced to: all that there is, or what happens from now on.
  bool from_the_beginning = false;
  std::string compression = "lz4";
  /// A page that was not acknowledged in this time is given up and produced again.
  std::chrono::milliseconds delivery_timeout{30'000};
  /// What may wait in memory for the brokers.
  int queue_kilobytes = 16 * 1024;
  /// Passed to librdkafka as they are; empty ones are left to its defaults.
  std::string security_protocol{};
  std::string sasl_mechanism{};
  std::string sasl_username{};
  std::string sasl_password{};
  std::string ssl_ca_location{};
  std::string ssl_certificate_location{};
  std::string ssl_key_location{};
  std::string ssl_key_password{};
};

}  // namespace dompet::events
