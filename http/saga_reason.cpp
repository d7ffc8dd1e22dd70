#include "http/saga_reason.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace dompet::http {

namespace {

const ShardView* shard_of(const ClusterView& view, Shard shard) {
  return shard < view.shards.size() ? &view.shards[shard] : nullptr;
}

bool is_member(const NodeView& node) {
  return node.row.state == NodeState::up || node.row.state == NodeState::draining;
}

/// Since when the same error has come back, of those at the end.
const SagaAttempt* first_of_last_error(const std::vector<SagaAttempt>& attempts) {
  const SagaAttempt* first = nullptr;
  for (auto at = attempts.rbegin(); at != attempts.rend(); ++at) {
    if (at->answer.empty())
      continue;  // under way
    if (!is_error(*at) || (first != nullptr && at->answer != first->answer))
      break;
    first = &*at;
  }
  return first;
}

/// One question: its rules in the order in which they are asked, each for what it needs.
class Inquiry {
 public:
  Inquiry(const SagaFacts& facts, const ClusterView& view) : facts_(facts), view_(view) {}

  SagaReason run() {
    note_evidence();
    using Rule = bool (Inquiry::*)();
    constexpr std::array<Rule, 10> rules{
        &Inquiry::nobody_owns_the_source, &Inquiry::the_owner_is_away, &Inquiry::an_officer_must_decide,
        &Inquiry::it_is_paused,           &Inquiry::it_is_not_loaded,  &Inquiry::it_is_decided,
        &Inquiry::the_lane_waits,         &Inquiry::nobody_can_decide, &Inquiry::the_same_error_comes_back,
        &Inquiry::it_just_waits};
    for (const Rule rule : rules)
      if ((this->*rule)())
        break;
    return std::move(reason_);
  }

 private:
  std::string source() const { return "shard " + std::to_string(facts_.source_shard); }
  std::string destination() const { return "shard " + std::to_string(facts_.destination_shard); }
  std::string state() const {
    if (facts_.state == SagaState::under_review)
      return "UNDER_REVIEW";
    return facts_.state == SagaState::cancelling ? "CANCELLING" : "RESERVED";
  }
  std::string message() const { return facts_.state == SagaState::cancelling ? "CANCEL" : "CREDIT"; }
  std::string ago(std::int64_t at_ms) const { return duration_text(std::max<std::int64_t>(0, facts_.now_ms - at_ms)); }
  std::int64_t in_state_ms() const { return facts_.now_ms - facts_.updated_at_ms; }

  bool say(std::string sentence, bool stuck) {
    reason_.sentence = std::move(sentence);
    reason_.stuck = stuck;
    return true;
  }

  void note_evidence() {
    auto& evidence = reason_.evidence;
    evidence.push_back("The saga has been " + state() + " for " +
                       duration_text(std::max<std::int64_t>(0, in_state_ms())) + ".");
    if (facts_.decision)
      evidence.push_back(*facts_.decision == Decision::none
                             ? "The register of " + destination() + " has no decision about it."
                             : "The register of " + destination() + " says " + word_of(*facts_.decision) + ".");
    note_owner("The source's ", facts_.source_shard);
    note_owner("The destination's ", facts_.destination_shard);
    if (facts_.live)
      evidence.push_back(facts_.live->open ? "Its owner has sent " + std::to_string(facts_.live->attempts) +
                                                 " messages and waits for " + facts_.live->waits_for + "."
                                           : "Its owner has no such open saga in memory.");
    else if (facts_.asked_owner)
      evidence.push_back("Its owner did not answer; this is from the tables.");
  }

  void note_owner(const std::string& whose, Shard shard) {
    const auto owner = owner_of(view_, shard);
    std::string sentence = whose + "shard " + std::to_string(shard);
    if (owner)
      sentence += " belongs to node " + owner->node + " under epoch " + std::to_string(owner->epoch) +
                  (owner->reachable ? "." : ", which cannot be reached from here.");
    else
      sentence += " has no owner.";
    reason_.evidence.push_back(std::move(sentence));
  }

  static std::string word_of(Decision decision) { return decision == Decision::credited ? "CREDITED" : "REFUSED"; }

  /// " for 8 s", when it is known.
  std::string ownerless_for(Shard shard) const {
    const ShardView* seen = shard_of(view_, shard);
    const NodeView* last = seen == nullptr ? nullptr : view_.find(seen->row.owner);
    return last == nullptr ? "" : " for " + duration_text(last->silent_for.count());
  }

  bool nobody_owns_the_source() {
    if (owner_of(view_, facts_.source_shard))
      return false;
    return say("The source's " + source() + " has no owner" + ownerless_for(facts_.source_shard) +
                   ": nobody drives it until a node takes the shard over.",
               true);
  }

  bool the_owner_is_away() {
    const auto owner = owner_of(view_, facts_.source_shard);
    if (facts_.live || (owner->reachable && !facts_.asked_owner))
      return false;
    std::string sentence = "Node " + owner->node + ", the owner of the source's " + source();
    if (owner->reachable)
      return say(sentence + ", did not answer: if it is down, nobody drives it until the shard is taken over.", true);
    const NodeView* node = view_.find(owner->incarnation);
    sentence += ", cannot be reached from here";
    if (node != nullptr)
      sentence += " and was last seen " + duration_text(node->silent_for.count()) + " ago";
    return say(sentence + ": if it is down, nobody drives it until the shard is taken over.", true);
  }

  /// No fault: it waits for a person.
  bool an_officer_must_decide() {
    if (facts_.state != SagaState::under_review)
      return false;
    return say("Waits for an officer since " + ago(facts_.updated_at_ms) +
                   ": risk rules want it looked at, and nobody is asked before he decides.",
               false);
  }

  bool it_is_paused() {
    const bool paused = facts_.live ? facts_.live->paused : !facts_.paused_by.empty();
    if (!paused)
      return false;
    return say("Paused by " + (facts_.paused_by.empty() ? "an operator" : facts_.paused_by) +
                   ": nothing is sent until it is resumed.",
               true);
  }

  bool it_is_not_loaded() {
    if (!facts_.live || facts_.live->open)
      return false;
    return say(state() +
                   ", but its owner has not loaded it: the owner is still recovering, or the saga has just ended.",
               in_state_ms() > stuck_without_word_ms);
  }

  bool it_is_decided() {
    if (facts_.decision.value_or(Decision::none) == Decision::none)
      return false;
    const bool late = in_state_ms() > stuck_without_word_ms;
    if (*facts_.decision == Decision::credited)
      return say("The destination has CREDITED it: the source's hold will be captured" +
                     std::string{facts_.state == SagaState::cancelling ? ", although a cancel was wished for," : ""} +
                     " as soon as its owner hears of it and the source wallet commits.",
                 late);
    return say(
        "The destination has REFUSED it: the source's hold will be released as soon as its owner hears of it and "
        "the source wallet commits.",
        late);
  }

  bool the_lane_waits() {
    const ShardView* seen = shard_of(view_, facts_.source_shard);
    if (seen == nullptr || !seen->mine)
      return false;
    const auto lane = std::ranges::find(view_.lanes, seen->database, &LaneView::database);
    if (lane == view_.lanes.end())
      return false;
    const std::string name = "The commit lane of database " + std::to_string(lane->database);
    if (!lane->ready)
      return say(name + " is suspended: its database does not answer, so no step can be recorded.", true);
    if (lane->oldest_age.count() < slow_lane_ms)
      return false;
    return say(name + " has waited " + duration_text(lane->oldest_age.count()) +
                   " for its database (a slow disk, or a standby that does not confirm), so steps are recorded late.",
               true);
  }

  bool nobody_can_decide() {
    if (owner_of(view_, facts_.destination_shard))
      return false;
    return say("Destination " + destination() + " has no owner" + ownerless_for(facts_.destination_shard) +
                   ": nobody can decide until a node takes it over.",
               true);
  }

  bool the_same_error_comes_back() {
    std::string error = facts_.last_error;
    std::string node = facts_.last_node;
    std::int64_t since_ms = facts_.error_since_ms;
    if (facts_.live) {
      const SagaAttempt* first = first_of_last_error(facts_.live->last_attempts);
      if (first == nullptr)
        return false;
      if (error != first->answer || since_ms == 0 || first->at_ms < since_ms)
        since_ms = first->at_ms;
      error = first->answer;
      node = first->node;
    }
    if (error.empty())
      return false;
    return say(sentence_of(error, node, ago(since_ms)), facts_.now_ms - since_ms > stuck_with_error_ms);
  }

  std::string sentence_of(const std::string& error, const std::string& node, const std::string& since) const {
    const std::string who = node.empty() ? "" : " on node " + node;
    if (error == "busy")
      return "Destination " + destination() + who + " answers BUSY to " + message() + " since " + since + ".";
    if (error == "not_owner")
      return "Node " + (node.empty() ? "(unknown)" : node) + " says since " + since + " that destination " +
             destination() + " is not its own: the map of shards is changing.";
    if (error == "unreachable")
      return "Destination " + destination() + who + " cannot be reached by the owner since " + since + ".";
    if (error == "no_owner")
      return "Destination " + destination() + " had no owner when it was last asked, since " + since + ".";
    if (error == "no_answer")
      return "Destination " + destination() + who + " has not answered " + message() + " since " + since + ".";
    return "Destination " + destination() + who + " answers " + error + " to " + message() + " since " + since + ".";
  }

  bool it_just_waits() {
    std::string sentence = "Waits for the destination's decision";
    if (facts_.live && !facts_.live->last_attempts.empty()) {
      const SagaAttempt& last = facts_.live->last_attempts.back();
      sentence += ", attempt " + std::to_string(last.number) + " (" + (last.cancel ? "CANCEL" : "CREDIT") + ") sent " +
                  ago(last.at_ms) + " ago" + (last.node.empty() ? "" : " to node " + last.node);
    } else if (facts_.live && !facts_.live->waits_for.empty()) {
      sentence = "Waits for " + facts_.live->waits_for;
    }
    return say(sentence + ".", in_state_ms() > stuck_without_word_ms);
  }

  const SagaFacts& facts_;
  const ClusterView& view_;
  SagaReason reason_{};
};

}  // namespace

SagaReason reason_of(const SagaFacts& facts, const ClusterView& view) { return Inquiry(facts, view).run(); }

std::optional<ShardOwner> owner_of(const ClusterView& view, Shard shard) {
  const ShardView* seen = shard_of(view, shard);
  if (seen == nullptr || seen->row.owner == Incarnation{})
    return std::nullopt;
  const NodeView* node = view.find(seen->row.owner);
  if (node == nullptr || !is_member(*node))
    return std::nullopt;
  return ShardOwner{node->row.name, seen->row.owner, seen->row.epoch, node->is_me || node->linked};
}

std::string duration_text(std::int64_t ms) {
  char text[32];
  if (ms < 10'000)
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1e3);
  else if (ms < 120'000)
    std::snprintf(text, sizeof text, "%lld s", static_cast<long long>(ms / 1'000));
  else if (ms < 7'200'000)
    std::snprintf(text, sizeof text, "%lld min", static_cast<long long>(ms / 60'000));
  else
    std::snprintf(text, sizeof text, "%lld h", static_cast<long long>(ms / 3'600'000));
  return text;
}

}  // namespace dompet::http
