#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

using std::chrono::milliseconds;
using Pauses = std::vector<milliseconds>;

struct Unit {
  std::string_view name;
  milliseconds length;
};
/// The longest first.
constexpr Unit units[]{{"h", std::chrono::hours{1}},
                       {"m", std::chrono::minutes{1}},
                       {"s", std::chrono::seconds{1}},
                       {"ms", milliseconds{1}}};
constexpr milliseconds longest_pause = std::chrono::hours{7 * 24};
constexpr std::size_t most_pauses = 30;

/// "30m"
std::optional<milliseconds> pause_of(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = whole_number(text.substr(0, digits));
  const auto unit = std::ranges::find(units, text.substr(digits), &Unit::name);
  if (!count || unit == std::end(units) || *count > longest_pause / unit->length)
    return std::nullopt;
  return *count * unit->length;
}

std::string text_of(milliseconds pause) {
  const auto unit =
      std::ranges::find_if(units, [pause](const Unit& one) { return pause % one.length == one.length * 0; });
  return std::to_string(pause / unit->length).append(unit->name);
}

std::optional<Pauses> pauses_of(std::string_view text) {
  Pauses found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const auto pause = end > 0 ? pause_of(text.substr(0, end)) : milliseconds{0};
    if (!pause)
      return std::nullopt;
    if (end > 0)
      found.push_back(*pause);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return found.size() <= most_pauses ? std::optional{found} : std::nullopt;
}

Setting retry_schedule() {
  Setting row{.section = "webhooks",
              .name = "retry_schedule",
              .form = ValueForm::text,
              .allowed = "at most 30 times such as 500ms, 5s, 30m or 2h, none longer than seven days",
              .reason =
                  "The pauses between attempts, each up to a tenth shorter or longer; the first attempt is made at "
                  "once, and after the last one the delivery has failed. As Standard Webhooks recommends: for "
                  "three days. While one event waits, later ones of its wallet wait for it."};
  row.read = [](const Settings& settings) {
    std::string text;
    for (const milliseconds pause : settings.webhooks.retry_pauses)
      text.append(text.empty() ? "" : " ").append(text_of(pause));
    return text;
  };
  row.write = [](Settings& settings, std::string_view text) {
    const auto found = pauses_of(text);
    if (found)
      settings.webhooks.retry_pauses = *found;
    return found.has_value();
  };
  return row;
}

void add_sending(Rows& rows) {
  rows.push_back(
      boolean({"webhooks", "send",
               "Whether this node sends webhooks. What it does not send the other nodes do; while none does, "
               "deliveries wait."},
              [](auto& s) -> auto& { return s.webhooks.enabled; }));
  rows.push_back(number({"webhooks", "senders",
                         "Calls to receivers that this node has under way at the same time: a thread and a connection "
                         "to database 0 each."},
                        "calls", 1, 64, [](auto& s) -> auto& { return s.webhooks.senders; }));
  rows.push_back(number({"webhooks", "senders_per_endpoint",
                         "How many of them, over all nodes, one endpoint can have. Less than the above, so that one "
                         "that sleeps does not hold up the others."},
                        "calls", 1, 64, [](auto& s) -> auto& { return s.webhooks.senders_per_endpoint; }));
  rows.push_back(
      number({"webhooks", "timeout_ms",
              "How long one call may take, from the look-up of the name to the end of the answer. A receiver "
              "should put the event into a queue of its own and answer at once."},
             "milliseconds", 100, 20'000, [](auto& s) -> auto& { return s.webhooks.timeout; }));
  rows.push_back(
      number({"webhooks", "poll_ms", "How often this node looks for something to send when it found nothing."},
             "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.webhooks.poll; }));
  rows.push_back(number({"webhooks", "claim_ms",
                         "How long what a node has begun to send is its own. After that it is sent by another one: so "
                         "late goes on what a dead node had begun."},
                        "milliseconds", 1'000, 600'000, [](auto& s) -> auto& { return s.webhooks.claim; }));
  rows.push_back(retry_schedule());
  rows.push_back(number(
      {"webhooks", "longest_retry_after_s", "The most that a receiver can ask for by Retry-After, with 429 or 503."},
      "seconds", 0, 86'400, [](auto& s) -> auto& { return s.webhooks.longest_retry_after; }));
  rows.push_back(
      number({"webhooks", "longest_quiet_ms",
              "An endpoint that fails five times in a row, whatever it is sent, is then asked once in 1, 2, 4 "
              "… seconds and in the end once in this time, so that a dead one for many wallets costs the "
              "senders little."},
             "milliseconds", 0, 3'600'000, [](auto& s) -> auto& { return s.webhooks.longest_quiet; }));
}

}  // namespace

void add_webhooks(Rows& rows) {
  add_sending(rows);
  rows.push_back(number({"webhooks", "disable_after_h",
                         "An endpoint that took nothing for so long, though it was tried, is disabled; its owner sees "
                         "why, and enables it again."},
                        "hours", 1, 8'760, [](auto& s) -> auto& { return s.webhooks.disable_after; }));
  rows.push_back(number({"webhooks", "most_endpoints",
                         "Endpoints that a merchant may have, and a user beside those of his merchants. Every one of "
                         "them costs a call an event."},
                        "endpoints", 1, 1'000, [](auto& s) -> auto& { return s.webhooks.most_endpoints; }));
  rows.push_back(
      number({"webhooks", "most_pending",
              "An endpoint for which more deliveries wait is disabled if it fails, or has been behind for "
              "longest_behind_s; until then no new deliveries are written for anybody, and events wait in the "
              "journal. The room of the database is for money."},
             "deliveries", 10, 10'000'000, [](auto& s) -> auto& { return s.webhooks.most_pending; }));
  rows.push_back(number(
      {"webhooks", "longest_behind_s",
       "How long an endpoint that takes what it is sent, only more slowly than it comes, may hold up everybody's "
       "new deliveries: from the moment on which more than most_pending waited for it until it is less than half "
       "of that."},
      "seconds", 1, 86'400, [](auto& s) -> auto& { return s.webhooks.longest_behind; }));
  rows.push_back(number({"webhooks", "keep_delivered_h", "How long the log keeps what was delivered."}, "hours", 0,
                        87'600, [](auto& s) -> auto& { return s.webhooks.keep_delivered; }));
  rows.push_back(number({"webhooks", "keep_failed_h",
                         "How long the log keeps what failed or was discarded; so long it can be sent again."},
                        "hours", 0, 87'600, [](auto& s) -> auto& { return s.webhooks.keep_failed; }));
  rows.push_back(
      number({"webhooks", "secret_overlap_s",
              "How long a secret that was replaced signs beside the new one, so that its owner can change it "
              "at the receiver in his own time."},
             "seconds", 0, 2'592'000, [](auto& s) -> auto& { return s.webhooks.secret_overlap; }));
  rows.push_back(
      boolean({"webhooks", "allow_private_addresses",
               "Whether receivers may be on this machine or in private networks. For tests and demonstrations "
               "only: whoever makes an endpoint could otherwise reach what is behind the firewall."},
              [](auto& s) -> auto& { return s.webhooks.allow_private_addresses; }));
  rows.push_back(boolean({"webhooks", "allow_plain_http",
                          "Whether receivers may be called by http://. For tests and demonstrations only: everybody on "
                          "the way could read what happens to people's money."},
                         [](auto& s) -> auto& { return s.webhooks.allow_plain_http; }));
}

}  // namespace dompet::rows
