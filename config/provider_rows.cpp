#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

/// Whoever guesses it can say that money was paid out.
bool is_hard_to_guess(std::string_view text) {
  constexpr std::size_t shortest_secret = 16;
  return text.empty() || (text.size() >= shortest_secret && is_any_text(text));
}

}  // namespace

void add_provider(Rows& rows) {
  rows.push_back(choice<ProviderMode>(
      {"provider", "mode",
       "How the built-in provider of payouts and top-ups behaves; it moves no real money. instant credits every top-up "
       "without asking anybody and pays every withdrawal at once; simulated calls back over HTTP like a real one, and "
       "top-ups wait for it too. Where money matters neither will do: profile production starts with it, and says so "
       "in "
       "its log."},
      {{"instant", ProviderMode::instant}, {"simulated", ProviderMode::simulated}},
      [](auto& s) -> auto& { return s.provider.mode; }));
  rows.push_back(number({"provider", "delay_ms", "How long the simulated provider takes before it calls back."},
                        "milliseconds", 0, 600'000, [](auto& s) -> auto& { return s.provider.delay; }));
  rows.push_back(
      number({"provider", "failure_rate",
              "How many orders it refuses: the money of a withdrawal then comes back, a top-up is not credited. An "
              "instant provider is not asked about top-ups, so it refuses none."},
             "per mille", 0, 1'000, [](auto& s) -> auto& { return s.provider.failure_rate; }));
  rows.push_back(
      number({"provider", "lost_answer_rate",
              "How many callbacks of the simulated provider never come. The order is given again until one does."},
             "per mille", 0, 1'000, [](auto& s) -> auto& { return s.provider.lost_answer_rate; }));
  rows.push_back(
      number({"provider", "doubled_callback_rate", "How many callbacks of the simulated provider come twice."},
             "per mille", 0, 1'000, [](auto& s) -> auto& { return s.provider.doubled_callback_rate; }));
  rows.push_back(hidden(
      words({"provider", "callback_secret",
             "What callbacks are signed with; the same on every node. Without one every callback is refused. Better "
             "given by the variable than by the flag, which other users of the machine see."},
            "empty, or at least 16 characters", is_hard_to_guess,
            [](auto& s) -> auto& { return s.provider.callback_secret; })));
  rows.push_back(words(
      {"provider", "callback_address",
       "Where the simulated provider calls back: any node, or what stands before them. Empty for this "
       "process itself."},
      "empty, or a host and a port such as 10.0.0.1:8080",
      [](std::string_view text) { return text.empty() || parse_address(text).has_value(); },
      [](auto& s) -> auto& { return s.provider.callback_address; }));
}

}  // namespace dompet::rows
