#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

bool is_topic(std::string_view text) {
  const auto plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '-' || letter == '_' || letter == '.';
  };
  return !text.empty() && text.size() <= 249 && std::ranges::all_of(text, plain);
}

bool are_brokers(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (!parse_address(text.substr(0, end)) || end + 1 == text.size())
      return false;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return true;
}

/// librdkafka judges what it means.
template <class Access>
void add_passed_on(Rows& rows, std::string_view name, const char* reason, Access access) {
  rows.push_back(words({"kafka", name, reason}, "any text", is_any_text, access));
}

void add_kafka_security(Rows& rows) {
  add_passed_on(rows, "security_protocol", "plaintext, ssl, sasl_plaintext or sasl_ssl; empty for plaintext.",
                [](auto& s) -> auto& { return s.kafka.security_protocol; });
  add_passed_on(rows, "sasl_mechanism", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty for none.",
                [](auto& s) -> auto& { return s.kafka.sasl_mechanism; });
  add_passed_on(rows, "sasl_username", "Who the brokers know this server as.",
                [](auto& s) -> auto& { return s.kafka.sasl_username; });
  rows.push_back(
      hidden(words({"kafka", "sasl_password", "His password. Better given by the variable than by the flag."},
                   "any text", is_any_text, [](auto& s) -> auto& { return s.kafka.sasl_password; })));
  add_passed_on(rows, "ssl_ca_location",
                "PEM file of the CA that signed the brokers' certificates; empty for the system's.",
                [](auto& s) -> auto& { return s.kafka.ssl_ca_location; });
  add_passed_on(rows, "ssl_certificate_location", "PEM file of this server's certificate, when brokers ask for one.",
                [](auto& s) -> auto& { return s.kafka.ssl_certificate_location; });
  add_passed_on(rows, "ssl_key_location", "PEM file of its private key.",
                [](auto& s) -> auto& { return s.kafka.ssl_key_location; });
  rows.push_back(hidden(words({"kafka", "ssl_key_password", "What the private key is locked with."}, "any text",
                              is_any_text, [](auto& s) -> auto& { return s.kafka.ssl_key_password; })));
}

}  // namespace

void add_events(Rows& rows) {
  rows.push_back(number({"events", "interval_ms",
                         "How often a consumer of events looks for new ones when it has taken all. One node at a time "
                         "runs it for all."},
                        "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.events.interval; }));
  rows.push_back(number(
      {"events", "page_records", "Records that a consumer takes in one transaction; at least one of every shard."},
      "records", 1, 10'000, [](auto& s) -> auto& { return s.events.page_records; }));
  rows.push_back(number({"events", "work_percent",
                         "How much of the time a consumer may work while there is more to take. The rest of the "
                         "database's time belongs to money: after a rush events are told later."},
                        "percent", 1, 100, [](auto& s) -> auto& { return s.events.work_percent; }));
  rows.push_back(words({"kafka", "brokers",
                        "host:port of some of a Kafka cluster's brokers, with commas between. Empty: events are not "
                        "produced to Kafka."},
                       "empty, or hosts with ports and commas between, such as 10.0.0.1:9092,10.0.0.2:9092",
                       are_brokers, [](auto& s) -> auto& { return s.kafka.brokers; }));
  rows.push_back(words({"kafka", "topic", "What every event is produced to, with its wallet's id as the key."},
                       "1 to 249 letters, digits, points, dashes and underscores", is_topic,
                       [](auto& s) -> auto& { return s.kafka.topic; }));
  rows.push_back(boolean({"kafka", "from_the_beginning",
                          "Whether the first start produces everything that is in the journal, or what happens from "
                          "then on. Later ones go on where the last one was."},
                         [](auto& s) -> auto& { return s.kafka.from_the_beginning; }));
  rows.push_back(words(
      {"kafka", "compression", "none, gzip, snappy, lz4 or zstd."}, "none, gzip, snappy, lz4 or zstd",
      [](std::string_view text) {
        return text == "none" || text == "gzip" || text == "snappy" || text == "lz4" || text == "zstd";
      },
      [](auto& s) -> auto& { return s.kafka.compression; }));
  rows.push_back(number({"kafka", "delivery_timeout_ms",
                         "How long the brokers may take to acknowledge a page. Then it is given up, and produced "
                         "again; nothing else waits for it."},
                        "milliseconds", 100, 600'000, [](auto& s) -> auto& { return s.kafka.delivery_timeout; }));
  rows.push_back(number({"kafka", "queue_kilobytes", "What may wait in memory for the brokers."}, "kilobytes", 256,
                        1'048'576, [](auto& s) -> auto& { return s.kafka.queue_kilobytes; }));
  add_kafka_security(rows);
}

}  // namespace dompet::rows
