#include "cli/saga_views.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

constexpr int rows_a_page = 200;
/// A search for something rare answers with short pages: so many in a row without any row are enough.
constexpr int most_empty_pages = 100;

/// A member's text; a dash when it is not there, null or empty.
std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null())
    return "-";
  if (!found->is_string())
    return found->dump();
  const auto text = found->get<std::string>();
  return text.empty() ? "-" : text;
}

Colour colour_of(const Json& saga) {
  if (saga.value("stuck", false))
    return Colour::red;
  const std::string state = saga.value("state", std::string{});
  if (state == "settled")
    return Colour::green;
  return state == "reserved" || state == "cancelling" || state == "under_review" ? Colour::yellow : Colour::none;
}

std::string owner_of(const Json& saga) {
  const auto owner = saga.find("owner");
  if (owner == saga.end() || !owner->is_object())
    return "nobody";
  return owner->value("node", std::string{"?"}) + (owner->value("reachable", true) ? "" : " (unreachable)");
}

void line(const char* name, const std::string& value, Colour colour = Colour::none) {
  std::printf("%-12s %s\n", name, coloured(value, colour).c_str());
}

/// "1000.00 + 1.00" available and held.
std::string balances(const Json& step, const char* name) {
  const auto found = step.find(name);
  if (found == step.end())
    return "";
  return found->value("available", std::string{}) + " + " + found->value("held", std::string{});
}

}  // namespace

Json list_sagas(const ServiceOptions& options, const SagaFilter& filter, const std::string& sort, int limit) {
  Json list{{"data", Json::array()}};
  Json& rows = list["data"];
  std::string cursor;
  int empty_pages = 0;
  while (rows.size() < static_cast<std::size_t>(limit) && empty_pages < most_empty_pages) {
    const int wanted = std::min(rows_a_page, limit - static_cast<int>(rows.size()));
    std::string path = "/v1/sagas?limit=" + std::to_string(wanted) + "&sort=" + percent_encoded(sort);
    if (!filter.empty())
      path += "&" + query_of(filter);
    if (!cursor.empty())
      path += "&cursor=" + cursor;
    const Json page = ask(options, "GET", path);
    empty_pages = page.at("data").empty() ? empty_pages + 1 : 0;
    for (const Json& row : page.at("data"))
      rows.push_back(row);
    if (!page.at("next_cursor").is_string())
      break;
    cursor = page.at("next_cursor").get<std::string>();
  }
  return list;
}

void print_sagas(const Json& list) {
  Table table({"transfer", "state", "amount", "shards", "age", "attempts", "owner", "reason or last error"});
  for (const Json& saga : list.at("data")) {
    const std::string reason = text_of(saga, "reason");
    table.add({{text_of(saga, "id"), Colour::none},
               {text_of(saga, "state"), colour_of(saga)},
               {text_of(saga, "amount") + " " + text_of(saga, "currency"), Colour::none},
               {text_of(saga, "source_shard") + " > " + text_of(saga, "destination_shard"), Colour::none},
               {duration_text(saga.value("age_ms", std::int64_t{0})), Colour::none},
               {text_of(saga, "attempts"), Colour::none},
               {owner_of(saga), Colour::none},
               {reason == "-" ? text_of(saga, "last_error") : reason, Colour::none}});
  }
  if (table.empty())
    std::printf("No transfer matches.\n");
  else
    table.print();
}

void print_saga(const Json& saga) {
  line("transfer", text_of(saga, "id"));
  line("state",
       text_of(saga, "state") + (saga.value("stuck", false) ? ", stuck" : "") +
           (saga.value("paused", false) ? ", paused" : ""),
       colour_of(saga));
  line("amount", text_of(saga, "amount") + " " + text_of(saga, "currency"));
  line("source", text_of(saga, "source_wallet_id") + "  shard " + text_of(saga, "source_shard"));
  line("destination", text_of(saga, "destination_wallet_id") + "  shard " + text_of(saga, "destination_shard"));
  line("owner", owner_of(saga));
  line("created", text_of(saga, "created_at") + "  " + duration_text(saga.value("age_ms", std::int64_t{0})) + " ago");
  line("attempts", text_of(saga, "attempts") + "  last error " + text_of(saga, "last_error"));
  const auto decision = saga.find("decision");
  const bool is_decided = decision != saga.end() && decision->is_object();
  line("decision", is_decided ? text_of(*decision, "outcome") + " by shard " + text_of(*decision, "shard") + " at " +
                                    text_of(*decision, "decided_at")
                              : "none");
  line("label",
       text_of(saga, "label") + "  assignee " + text_of(saga, "assignee") + "  notes " + text_of(saga, "note_count"));
  line("told", saga.value("live", Json::object()).value("says", std::string{"-"}));
  print_reason(saga);
}

void print_reason(const Json& saga) {
  const std::string reason = text_of(saga, "reason");
  if (reason == "-") {
    line("why", "It is over: " + text_of(saga, "state") + ".");
    return;
  }
  line("why", reason, saga.value("stuck", false) ? Colour::red : Colour::none);
  for (const Json& sentence : saga.value("evidence", Json::array()))
    line("", sentence.get<std::string>(), Colour::faint);
}

void print_timeline(const Json& timeline) {
  Table table({"at", "what", "where", "before", "after", ""});
  for (const Json& step : timeline.at("data")) {
    const std::string what = step.value("what", std::string{});
    const Colour colour = what == "gap"                          ? Colour::faint
                          : what == "decision" || what == "saga" ? Colour::blue
                                                                 : Colour::none;
    std::string place = step.contains("side") ? step.value("side", std::string{}) : step.value("node", std::string{});
    if (place.empty() && step.contains("shard"))
      place = "shard " + text_of(step, "shard");
    std::string more = step.value("title", std::string{});
    if (step.contains("duration_ms"))
      more += " after " + text_of(step, "duration_ms") + " ms";
    if (!step.value("why", std::string{}).empty())
      more += " (" + step.value("why", std::string{}) + ")";
    table.add({{step.value("at", std::string{}), Colour::faint},
               {what, colour},
               {place, Colour::none},
               {balances(step, "balances_before"), Colour::none},
               {balances(step, "balances_after"), Colour::none},
               {more, colour}});
  }
  table.print();
}

void print_proof(const Json& proof) {
  const bool may = proof.value("may_be_released", false);
  line("release", proof.value("sentence", std::string{}), may ? Colour::green : Colour::yellow);
  for (const Json& fact : proof.value("evidence", Json::array()))
    std::printf("  %s %s: %s\n", fact.value("holds", false) ? "yes" : "no ", fact.value("fact", std::string{}).c_str(),
                fact.value("detail", std::string{}).c_str());
  const Json conservation = proof.value("conservation", Json::object());
  const bool ok = conservation.value("ok", false);
  line("money", conservation.value("sentence", std::string{}), ok ? Colour::green : Colour::red);
  std::printf("  left the source %s, arrived %s, held %s\n", text_of(conservation, "source_out").c_str(),
              text_of(conservation, "destination_in").c_str(), text_of(conservation, "held").c_str());
}

void print_notes(const Json& notes) {
  Table table({"at", "who", "note"});
  for (const Json& note : notes.at("data"))
    table.add({{text_of(note, "at"), Colour::faint},
               {text_of(note, "who"), Colour::none},
               {text_of(note, "text"), Colour::none}});
  if (table.empty())
    std::printf("No notes.\n");
  else
    table.print();
}

void print_counts(const Json& counts) {
  const Json states = counts.value("states", Json::object());
  for (const char* state : {"reserved", "cancelling", "under_review", "settled", "released"})
    line(state, text_of(states, state));
  line("oldest open", duration_text(counts.value("oldest_age_ms", std::int64_t{0})));
  std::printf("\n");
  Table ages({"open for up to", "transfers"});
  for (const Json& age : counts.value("open_by_age", Json::array()))
    ages.add({{age.at("up_to_s").is_null() ? "longer" : age.at("up_to_s").dump() + " s", Colour::none},
              {text_of(age, "count"), Colour::none}});
  ages.print();
  Table causes({"answer", "destination", "node", "transfers", "oldest"});
  for (const Json& cause : counts.value("causes", Json::array()))
    causes.add({{text_of(cause, "error"), Colour::none},
                {"shard " + text_of(cause, "destination_shard"), Colour::none},
                {text_of(cause, "node"), Colour::none},
                {text_of(cause, "count"), Colour::none},
                {duration_text(cause.value("oldest_age_ms", std::int64_t{0})), Colour::none}});
  if (causes.empty())
    return;
  std::printf("\n");
  causes.print();
}

}  // namespace dompet::cli
