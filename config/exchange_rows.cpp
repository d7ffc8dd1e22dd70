#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

bool is_url_or_none(std::string_view text) {
  return text.empty() || ((text.starts_with("https://") || text.starts_with("http://")) && is_any_text(text));
}

}  // namespace

void add_exchange(Rows& rows) {
  rows.push_back(number({"fx", "max_rate_age_s",
                         "A rate of exchange that is older converts nothing: 409 rate_too_old. By the time that its "
                         "source says, not by when it came."},
                        "seconds", 1, 31'536'000, [](auto& s) -> auto& { return s.exchange.most_rate_age; }));
  rows.push_back(
      number({"fx", "review_rate_age_s",
              "What was converted and waits for an officer is rejected (rate_expired) once its rate is older: "
              "nobody is paid by a rate of last week because somebody had a look."},
             "seconds", 1, 31'536'000, [](auto& s) -> auto& { return s.engine.review_rate_age; }));
  rows.push_back(
      number({"fx", "quote_lifetime_s", "How long a quote is good for. Meanwhile the house bears what the rate does."},
             "seconds", 1, 86'400, [](auto& s) -> auto& { return s.exchange.quote_lifetime; }));
  rows.push_back(
      words({"fx", "rates_file",
             "A JSON document of rates, as PUT /v1/fx/rates takes it but with a time for every rate, read at "
             "the start and whenever it changes. Empty: none."},
            "the path of a file, or empty", is_any_text, [](auto& s) -> auto& { return s.exchange.rates_file; }));
  rows.push_back(words({"fx", "rates_url",
                        "Where such a document is fetched, http:// or https://, also from a private network. Empty: "
                        "nowhere."},
                       "an http:// or https:// URL, or empty", is_url_or_none,
                       [](auto& s) -> auto& { return s.exchange.rates_url; }));
  rows.push_back(number({"fx", "fetch_interval_s",
                         "How often it is fetched. After a failure it is tried again after a second, two, four and so "
                         "on up to this."},
                        "seconds", 1, 86'400, [](auto& s) -> auto& { return s.exchange.fetch_interval; }));
}

}  // namespace dompet::rows
