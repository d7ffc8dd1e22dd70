#include <catch2/catch_test_macros.hpp>

#include "http/saga_reason.hpp"

namespace dompet::http {

namespace {

constexpr std::int64_t now = 1'000'000;

Incarnation incarnation(std::uint8_t number) {
  Incarnation made;
  made.uuid.bytes[0] = number;
  return made;
}

/// Node a asks; a owns shard 3, b owns shard 17; all is well.
ClusterView two_nodes() {
  ClusterView view;
  view.nodes.push_back({.row = {.incarnation = incarnation(1), .name = "a"}, .is_me = true, .linked = true});
  view.nodes.push_back({.row = {.incarnation = incarnation(2), .name = "b"}, .linked = true});
  for (Shard shard = 0; shard < 20; ++shard)
    view.shards.push_back(
        {.row = {.shard = shard, .owner = incarnation(shard == 17 ? 2 : 1), .epoch = 5}, .mine = shard != 17});
  view.lanes.push_back({.database = 0, .ready = true});
  return view;
}

/// A transfer from shard 3 to shard 17, open for 8 s.
SagaFacts open_transfer(SagaState state = SagaState::reserved) {
  return {.state = state, .source_shard = 3, .destination_shard = 17, .updated_at_ms = now - 8'000, .now_ms = now};
}

SagaReport driven(std::vector<SagaAttempt> attempts = {}) {
  return {.open = true,
          .state = SagaState::reserved,
          .attempts = static_cast<int>(attempts.size()),
          .waits_for = "the word of the destination's shard 17",
          .last_attempts = std::move(attempts)};
}

void check(const SagaFacts& facts, const ClusterView& view, const std::string& sentence, bool stuck) {
  const SagaReason reason = reason_of(facts, view);
  CHECK(reason.sentence == sentence);
  CHECK(reason.stuck == stuck);
  CHECK_FALSE(reason.evidence.empty());
}

}  // namespace

TEST_CASE("a transfer that is on its way is not called stuck", "[saga reason]") {
  SagaFacts facts = open_transfer();
  facts.live = driven({{.number = 3, .at_ms = now - 400, .node = "b"}});
  check(facts, two_nodes(), "Waits for the destination's decision, attempt 3 (CREDIT) sent 0.4 s ago to node b.",
        false);
}

TEST_CASE("a transfer that waits for an officer says so, and is not stuck however long it takes", "[saga reason]") {
  SagaFacts facts = open_transfer(SagaState::under_review);
  facts.updated_at_ms = now - 600'000;
  check(facts, two_nodes(),
        "Waits for an officer since 10 min: risk rules want it looked at, and nobody is asked before he decides.",
        false);
}

TEST_CASE("a transfer that waits long without any word is stuck", "[saga reason]") {
  SagaFacts facts = open_transfer();
  facts.updated_at_ms = now - 11'000;
  check(facts, two_nodes(), "Waits for the destination's decision.", true);
}

TEST_CASE("a destination's shard that nobody owns is named, with how long", "[saga reason]") {
  ClusterView view = two_nodes();
  view.nodes[1].row.state = NodeState::expired;
  view.nodes[1].silent_for = std::chrono::seconds{12};
  check(open_transfer(), view,
        "Destination shard 17 has no owner for 12 s: nobody can decide until a node takes it over.", true);
  view.shards[17].row.owner = {};
  check(open_transfer(), view, "Destination shard 17 has no owner: nobody can decide until a node takes it over.",
        true);
}

TEST_CASE("a source's shard without an owner comes before all else", "[saga reason]") {
  ClusterView view = two_nodes();
  view.shards[3].row.owner = {};
  view.shards[17].row.owner = {};
  SagaFacts facts = open_transfer();
  facts.paused_by = "dewi";
  check(facts, view, "The source's shard 3 has no owner: nobody drives it until a node takes the shard over.", true);
}

TEST_CASE("an owner that cannot be reached is named, and what that means", "[saga reason]") {
  ClusterView view = two_nodes();
  view.nodes[1].linked = false;
  view.nodes[1].silent_for = std::chrono::milliseconds{3'500};
  SagaFacts facts = open_transfer();
  std::swap(facts.source_shard, facts.destination_shard);
  facts.asked_owner = true;
  check(facts, view,
        "Node b, the owner of the source's shard 17, cannot be reached from here and was last seen 3.5 s ago: if it is "
        "down, nobody drives it until the shard is taken over.",
        true);
}

TEST_CASE("an owner that does not answer is named, whatever stood in the tables", "[saga reason]") {
  SagaFacts facts = open_transfer();
  facts.asked_owner = true;
  facts.paused_by = "dewi";
  check(facts, two_nodes(),
        "Node a, the owner of the source's shard 3, did not answer: if it is down, nobody drives it until the shard is "
        "taken over.",
        true);
}

TEST_CASE("a paused transfer says who paused it", "[saga reason]") {
  SagaFacts facts = open_transfer();
  facts.paused_by = "dewi";
  check(facts, two_nodes(), "Paused by dewi: nothing is sent until it is resumed.", true);
  facts.live = driven();
  check(facts, two_nodes(), "Waits for the word of the destination's shard 17.", false);
  facts.live->paused = true;
  facts.paused_by.clear();
  check(facts, two_nodes(), "Paused by an operator: nothing is sent until it is resumed.", true);
}

TEST_CASE("a transfer that its owner does not know is told so", "[saga reason]") {
  SagaFacts facts = open_transfer();
  facts.live = SagaReport{};
  check(facts, two_nodes(),
        "RESERVED, but its owner has not loaded it: the owner is still recovering, or the saga has just ended.", false);
  facts.updated_at_ms = now - 11'000;
  CHECK(reason_of(facts, two_nodes()).stuck);
}

TEST_CASE("what the destination has decided is told in every open state", "[saga reason]") {
  for (const SagaState state : {SagaState::reserved, SagaState::cancelling}) {
    SagaFacts facts = open_transfer(state);
    facts.live = driven();
    facts.decision = Decision::credited;
    CHECK(
        reason_of(facts, two_nodes()).sentence.starts_with("The destination has CREDITED it: the source's hold will"));
    facts.decision = Decision::refused;
    CHECK(reason_of(facts, two_nodes()).sentence.starts_with("The destination has REFUSED it: the source's hold will"));
  }
}

TEST_CASE("an error that comes back is told with its beginning", "[saga reason]") {
  SagaFacts facts = open_transfer();
  facts.live = driven({{.number = 1, .at_ms = now - 60'000, .node = "b", .answer = "no_answer"},
                       {.number = 2, .at_ms = now - 40'000, .node = "b", .answer = "busy"},
                       {.number = 3, .at_ms = now - 20'000, .node = "b", .answer = "busy"},
                       {.number = 4, .at_ms = now - 100, .node = "b"}});
  check(facts, two_nodes(), "Destination shard 17 on node b answers BUSY to CREDIT since 40 s.", true);
  // The record goes further back than the owner's memory.
  facts.last_error = "busy";
  facts.error_since_ms = now - 180'000;
  check(facts, two_nodes(), "Destination shard 17 on node b answers BUSY to CREDIT since 3 min.", true);
}

TEST_CASE("each kind of silence has its own sentence", "[saga reason]") {
  const auto told = [](const std::string& error, SagaState state = SagaState::reserved) {
    SagaFacts facts = open_transfer(state);
    facts.last_error = error;
    facts.last_node = "b";
    facts.error_since_ms = now - 5'000;
    return reason_of(facts, two_nodes()).sentence;
  };
  CHECK(told("busy", SagaState::cancelling) == "Destination shard 17 on node b answers BUSY to CANCEL since 5.0 s.");
  CHECK(told("not_owner") ==
        "Node b says since 5.0 s that destination shard 17 is not its own: the map of shards is changing.");
  CHECK(told("unreachable") == "Destination shard 17 on node b cannot be reached by the owner since 5.0 s.");
  CHECK(told("no_owner") == "Destination shard 17 had no owner when it was last asked, since 5.0 s.");
  CHECK(told("no_answer") == "Destination shard 17 on node b has not answered CREDIT since 5.0 s.");
}

TEST_CASE("an error that has just come once is not stuck", "[saga reason]") {
  SagaFacts facts = open_transfer();
  facts.live = driven({{.number = 1, .at_ms = now - 300, .node = "b", .answer = "busy"}});
  CHECK_FALSE(reason_of(facts, two_nodes()).stuck);
}

TEST_CASE("a commit lane that waits for its database is told", "[saga reason]") {
  ClusterView view = two_nodes();
  view.lanes[0].oldest_age = std::chrono::seconds{3};
  CHECK(reason_of(open_transfer(), view).sentence ==
        "The commit lane of database 0 has waited 3.0 s for its database (a slow disk, or a standby that does not "
        "confirm), so steps are recorded late.");
  view.lanes[0].ready = false;
  check(open_transfer(), view,
        "The commit lane of database 0 is suspended: its database does not answer, so no step can be recorded.", true);
}

TEST_CASE("durations are told as people say them", "[saga reason]") {
  CHECK(duration_text(400) == "0.4 s");
  CHECK(duration_text(40'000) == "40 s");
  CHECK(duration_text(180'000) == "3 min");
  CHECK(duration_text(7'200'000) == "2 h");
}

}  // namespace dompet::http
