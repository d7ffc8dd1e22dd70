#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

/// Nobody can connect to "any address", and others are told this one.
bool is_empty_or_reachable(std::string_view text) {
  const auto address = parse_address(text);
  return text.empty() || (address && address->host != "0.0.0.0" && address->host != "::" && address->host != "*");
}

void add_links(Rows& rows) {
  rows.push_back(words({"cluster", "listen",
                        "Where the other nodes reach this one, on a network that nobody else reaches. Empty, this node "
                        "serves the ledger alone: while another one does, it waits. Port 0 takes any free port."},
                       "empty, or an address and a port that other nodes can connect to, such as 10.0.0.1:7400",
                       is_empty_or_reachable, [](auto& s) -> auto& { return s.engine.cluster.listen; }));
  rows.push_back(
      hidden(words({"cluster", "secret",
                    "What every node of the cluster must know, so that none is linked by mistake. At least 16 "
                    "characters; better given by the variable than by the flag, which other users of the machine see."},
                   "any text", is_any_text, [](auto& s) -> auto& { return s.engine.cluster.secret; })));
  rows.push_back(words({"cluster", "tls_certificate",
                        "This node's certificate for links, a PEM file. With certificate, key and ca links are TLS, "
                        "and both sides must show a certificate of that authority; without them they are plain."},
                       "empty or the path of a file", is_any_text,
                       [](auto& s) -> auto& { return s.engine.cluster.tls_certificate; }));
  rows.push_back(words({"cluster", "tls_key", "The private key of that certificate, a PEM file."},
                       "empty or the path of a file", is_any_text,
                       [](auto& s) -> auto& { return s.engine.cluster.tls_key; }));
  rows.push_back(words({"cluster", "tls_ca", "The private authority that signed every node's certificate, a PEM file."},
                       "empty or the path of a file", is_any_text,
                       [](auto& s) -> auto& { return s.engine.cluster.tls_ca; }));
}

void add_membership(Rows& rows) {
  rows.push_back(number({"cluster", "renew_ms",
                         "How often a node renews its heartbeat and looks at the others: two small statements each "
                         "time, whatever the number of shards."},
                        "milliseconds", 50, 60'000, [](auto& s) -> auto& { return s.engine.cluster.renew; }));
  rows.push_back(number({"cluster", "lease_local_ms",
                         "How long after its last renewal a node answers balances from memory; then it answers 503 "
                         "until the next one. Some missed renewals must fit in."},
                        "milliseconds", 150, 300'000, [](auto& s) -> auto& { return s.engine.cluster.lease_local; }));
  rows.push_back(number({"cluster", "lease_ttl_ms",
                         "How long a node's heartbeat must stand still before another node expires it and takes its "
                         "shards: the pause after a crash, against take-overs from nodes that only were slow. Longer "
                         "than any lease, with two renewals to spare for clocks and scheduling."},
                        "milliseconds", 250, 600'000, [](auto& s) -> auto& { return s.engine.cluster.lease_ttl; }));
}

void add_link_times(Rows& rows) {
  rows.push_back(number({"cluster", "link_heartbeat_ms",
                         "How often linked nodes show each other that they are there. A stopped peer is not noticed "
                         "otherwise."},
                        "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.engine.cluster.link_heartbeat; }));
  rows.push_back(number({"cluster", "link_timeout_ms",
                         "A link without a sign for so long is closed and made anew. Only routing depends on it: "
                         "nobody loses shards by it."},
                        "milliseconds", 50, 600'000, [](auto& s) -> auto& { return s.engine.cluster.link_timeout; }));
  rows.push_back(number({"cluster", "connect_probe_ms",
                         "How long an address may take to accept a first connection. Until it does no link is tried: "
                         "one that swallows packets would hold up the links to all others."},
                        "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.engine.cluster.connect_probe; }));
  rows.push_back(number({"cluster", "link_window_messages",
                         "Messages that may be under way to one peer; more are refused, which their senders take for "
                         "a lost message. Without it a stopped peer fills this node's memory."},
                        "messages", 1, 1'000'000,
                        [](auto& s) -> auto& { return s.engine.cluster.link_window_messages; }));
  rows.push_back(
      number({"cluster", "link_window_bytes", "The same in bytes. It must let the largest message in, 64 kB."}, "bytes",
             65'536, 268'435'456, [](auto& s) -> auto& { return s.engine.cluster.link_window_bytes; }));
}

void add_moves(Rows& rows) {
  rows.push_back(number({"cluster", "concurrent_moves",
                         "Shards that change hands at the same time, for balance or from a node that leaves. Each "
                         "pauses its wallets for a moment; fewer are gentler, more are sooner done."},
                        "shards", 1, 1'000, [](auto& s) -> auto& { return s.engine.cluster.concurrent_moves; }));
  rows.push_back(number({"cluster", "move_dwell_ms",
                         "A shard that moved is not moved again for balance for so long, so that a node that comes and "
                         "goes does not keep shards moving."},
                        "milliseconds", 0, 3'600'000, [](auto& s) -> auto& { return s.engine.cluster.move_dwell; }));
  rows.push_back(
      number({"cluster", "hand_over_patience_ms",
              "How long a request waits inside for a shard that is changing hands, before its client gets 503. A "
              "hand-over takes some tens of milliseconds."},
             "milliseconds", 0, 60'000, [](auto& s) -> auto& { return s.engine.cluster.hand_over_patience; }));
}

}  // namespace

void add_cluster(Rows& rows) {
  add_links(rows);
  add_membership(rows);
  add_link_times(rows);
  add_moves(rows);
}

}  // namespace dompet::rows
