// A Kafka cluster in a process of its own, for tests: librdkafka's mock cluster and a consumer that follows one topic.
//
//   kafka_double TOPIC FILE
//
// Writes `brokers host:port,…` to standard output once it is there, and every message of the topic to FILE, as it
// comes: partition, offset, key and value with tabs between. Takes `down` and `up` on standard input: the brokers go
// away, and come back. Ends with its standard input.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

namespace {

constexpr int brokers = 3;
constexpr int partitions = 4;

[[noreturn]] void give_up(const char* reason) {
  std::fprintf(stderr, "kafka_double: %s\n", reason);
  std::exit(1);
}

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  char reason[256];
  if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK)
    give_up(reason);
}

rd_kafka_t* client(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char reason[256];
  rd_kafka_t* client = rd_kafka_new(type, conf, reason, sizeof reason);
  if (client == nullptr)
    give_up(reason);
  return client;
}

void follow(const char* bootstraps, const char* topic, const char* path, const std::atomic<bool>& is_over) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", bootstraps);
  set(conf, "group.id", "reader");
  set(conf, "auto.offset.reset", "earliest");
  rd_kafka_t* reader = client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(reader);
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; ++partition)
    rd_kafka_topic_partition_list_add(all, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(reader, all);
  rd_kafka_topic_partition_list_destroy(all);
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr)
    give_up("cannot write the file");
  while (!is_over) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(reader, 100);
    if (message == nullptr) {
      std::fflush(file);
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      std::fprintf(file, "%d\t%lld\t%.*s\t%.*s\n", message->partition, static_cast<long long>(message->offset),
                   static_cast<int>(message->key_len), static_cast<const char*>(message->key),
                   static_cast<int>(message->len), static_cast<const char*>(message->payload));
    rd_kafka_message_destroy(message);
  }
  std::fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    give_up("usage: kafka_double TOPIC FILE");
  rd_kafka_t* host = client(RD_KAFKA_PRODUCER, rd_kafka_conf_new());
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(host, brokers);
  if (cluster == nullptr || rd_kafka_mock_topic_create(cluster, argv[1], partitions, brokers) != 0)
    give_up("there is no mock cluster");
  const char* bootstraps = rd_kafka_mock_cluster_bootstraps(cluster);
  std::atomic<bool> is_over = false;
  std::thread reader([&] { follow(bootstraps, argv[1], argv[2], is_over); });
  std::printf("brokers %s\n", bootstraps);
  std::fflush(stdout);
  for (std::string word; std::getline(std::cin, word);)
    for (int broker = 1; broker <= brokers; ++broker)
      word == "down" ? rd_kafka_mock_broker_set_down(cluster, broker) : rd_kafka_mock_broker_set_up(cluster, broker);
  is_over = true;
  reader.join();
  std::exit(0);  // the mock cluster ends with the process
}
