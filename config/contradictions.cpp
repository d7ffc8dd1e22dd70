#include <string>
#include <vector>

#include "config/settings_table.hpp"

namespace dompet {

namespace {

/// Whether only this machine can reach the address. Names other than localhost are taken for reachable.
bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

/// One rule between two settings: when it is broken, `sentence` says which and why.
struct Rule {
  bool broken = false;
  const char* sentence = "";
};

}  // namespace

std::vector<std::string> contradictions(const Settings& settings) {
  const http::Settings& http = settings.http;
  const EngineSettings& engine = settings.engine;
  std::vector<std::string> found;
  if (!settings.allow_unauthenticated && !is_loopback(http.address))
    found.push_back("http.address is " + http.address +
                    ", which other machines can reach, and there are no users and tokens yet; listen on 127.0.0.1, or "
                    "set allow_unauthenticated if only trusted clients can reach that address.");
  const Rule rules[]{
      {settings.database.url.empty(),
       "database.url is not set; name the PostgreSQL database that keeps the journal, for example with "
       "DOMPET_DATABASE_URL."},
      {engine.resend_first > engine.resend_most,
       "engine.resend_first_ms is longer than engine.resend_most_ms; the first pause must be the shortest."},
      {http.answer_deadline > http.request_deadline, "http.answer_deadline_ms is longer than http.request_deadline_ms; "
                                                     "the engine must be given up before the request."},
      {http.key_memory < http.answer_deadline, "http.key_memory_ms is shorter than http.answer_deadline_ms; a key must "
                                               "be remembered while its request is waited "
                                               "for."},
      {http.readable_body_bytes < http.body_bytes || http.readable_body_bytes < http.bulk_body_bytes,
       "http.readable_body_bytes is less than http.body_bytes or http.bulk_body_bytes; a body that is allowed must be "
       "readable."},
      {http.max_bulk_items_in_flight < http.bulk_items,
       "http.max_bulk_items_in_flight is less than http.bulk_items; the largest bulk could never be let in."},
  };
  for (const Rule& rule : rules)
    if (rule.broken)
      found.emplace_back(rule.sentence);
  return found;
}

}  // namespace dompet
