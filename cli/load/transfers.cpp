#include "cli/load/transfers.hpp"

#include <charconv>

#include "cli/load/fields.hpp"

namespace dompet::cli {

namespace {

std::string transfer_members(const std::string& currency) {
  return "\"source_wallet_id\":\"" + std::string(id_width, source_mark) + "\",\"destination_wallet_id\":\"" +
         std::string(id_width, destination_mark) + "\",\"amount\":\"" + std::string(amount_width, amount_mark) +
         "\",\"currency\":\"" + currency + "\"";
}

std::string bulk_body(const std::string& currency, std::uint32_t size) {
  std::string body = "{\"items\":[";
  for (std::uint32_t i = 0; i < size; ++i) {
    if (i > 0)
      body += ',';
    body += "{\"idempotency_key\":\"" + std::string(id_width, key_mark) + "\"," + transfer_members(currency) + "}";
  }
  return body + "]}";
}

Verdict verdict_of_word(std::string_view word) {
  if (word == "completed" || word == "pending" || word == "authorized")
    return Verdict::ok;
  if (word == "declined")
    return Verdict::declined;
  return Verdict::other;
}

/// The position behind the string that begins at `at` (its opening quote).
std::size_t behind_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\')
      ++at;
  return at + 1;
}

}  // namespace

Pairs::Pairs(PairChoice choice, std::uint32_t wallets, std::uint64_t seed)
    : choice_(choice), wallets_(wallets), random_(seed) {}

std::pair<std::uint32_t, std::uint32_t> Pairs::next() {
  if (choice_.hot == 0) {
    const auto source = random_.below(wallets_);
    const auto destination = source + 1 + random_.below(wallets_ - 1);
    return {source, destination >= wallets_ ? destination - wallets_ : destination};
  }
  const auto hot = random_.below(choice_.hot);
  const auto other = choice_.hot + random_.below(wallets_ - choice_.hot);
  if (choice_.hot_side_pays)
    return {hot, other};
  return {other, hot};
}

TransferWorkload::TransferWorkload(const RequestTemplate::Common& common, const WalletBook& book, PairChoice choice,
                                   std::uint64_t run, std::size_t keep)
    : template_(common, "POST", "/v1/transfers", {{"Idempotency-Key", std::string(id_width, key_mark)}},
                "{" + transfer_members(book.currency) + "}"),
      key_at_(template_.places_of(key_mark, id_width).at(0)),
      source_at_(template_.places_of(source_mark, id_width).at(0)),
      destination_at_(template_.places_of(destination_mark, id_width).at(0)),
      amount_at_(template_.places_of(amount_mark, amount_width).at(0)), book_(book),
      pairs_(choice, static_cast<std::uint32_t>(book.ids.size()), scatter(run)), random_(scatter(run + 1)), run_(run),
      keep_(keep) {}

bool TransferWorkload::next(Shot& shot) {
  const auto [source, destination] = pairs_.next();
  shot.number = sent_++;
  shot.bytes.assign(template_.text());
  put(shot.bytes, key_at_, key_text(run_, shot.number));
  put(shot.bytes, source_at_, book_.ids[source]);
  put(shot.bytes, destination_at_, book_.ids[destination]);
  put_amount(shot.bytes, amount_at_, random_);
  return true;
}

void TransferWorkload::answered(const Shot& shot, const Response& response, Verdicts& verdicts) {
  ++verdicts[verdict_of(response.status)];
  // 202 and 409 may be another answer next time; 201 and 402 may not.
  if (keep_ > 0 && (response.status == 201 || response.status == 402))
    keep(shot, response);
}

/// A reservoir: every acknowledged request has the same chance to be in the sample at the end.
void TransferWorkload::keep(const Shot& shot, const Response& response) {
  const auto index = acknowledged_++;
  if (index < keep_) {
    kept_.push_back({shot.bytes, response.status, std::string(response.body)});
    return;
  }
  const auto place = random_.next() % (index + 1);
  if (place < keep_)
    kept_[place] = {shot.bytes, response.status, std::string(response.body)};
}

BulkWorkload::BulkWorkload(const RequestTemplate::Common& common, const WalletBook& book, PairChoice choice,
                           std::uint64_t run, std::uint32_t size)
    : size_(size), template_(common, "POST", "/v1/transfers/bulk", {}, bulk_body(book.currency, size)),
      keys_at_(template_.places_of(key_mark, id_width)), sources_at_(template_.places_of(source_mark, id_width)),
      destinations_at_(template_.places_of(destination_mark, id_width)),
      amounts_at_(template_.places_of(amount_mark, amount_width)), book_(book),
      pairs_(choice, static_cast<std::uint32_t>(book.ids.size()), scatter(run)), random_(scatter(run + 1)), run_(run) {}

bool BulkWorkload::next(Shot& shot) {
  shot.number = sent_++;
  shot.bytes.assign(template_.text());
  for (std::uint32_t i = 0; i < size_; ++i) {
    const auto [source, destination] = pairs_.next();
    put(shot.bytes, keys_at_[i], key_text(run_, shot.number * size_ + i));
    put(shot.bytes, sources_at_[i], book_.ids[source]);
    put(shot.bytes, destinations_at_[i], book_.ids[destination]);
    put_amount(shot.bytes, amounts_at_[i], random_);
  }
  return true;
}

void BulkWorkload::answered(const Shot&, const Response& response, Verdicts& verdicts) {
  if (response.status != 200) {
    verdicts[verdict_of(response.status)] += size_;
    return;
  }
  const auto seen = count_bulk_items(response.body, verdicts);
  if (seen < size_)
    verdicts[Verdict::other] += size_ - seen;
}

std::uint32_t count_bulk_items(std::string_view body, Verdicts& verdicts) {
  constexpr int item_depth = 3;  // { "data": [ {
  constexpr std::string_view status_member = "\"status\"";
  std::uint32_t items = 0;
  int depth = 0;
  for (std::size_t at = 0; at < body.size();) {
    const char c = body[at];
    if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      --depth;
      ++at;
    } else if (c != '"') {
      ++at;
    } else if (depth != item_depth || body.substr(at, status_member.size()) != status_member) {
      at = behind_string(body, at);
    } else {
      at += status_member.size();
      while (at < body.size() && (body[at] == ' ' || body[at] == ':'))
        ++at;
      if (at >= body.size())
        break;
      ++items;
      if (body[at] == '"') {
        const auto behind = behind_string(body, at);
        ++verdicts[verdict_of_word(body.substr(at + 1, behind - at - 2))];
        at = behind;
      } else {
        int status = 0;
        std::from_chars(body.data() + at, body.data() + body.size(), status);
        ++verdicts[verdict_of(status)];
      }
    }
  }
  return items;
}

ReadWorkload::ReadWorkload(const RequestTemplate::Common& common, const WalletBook& book, std::uint64_t run)
    : template_(common, "GET", "/v1/wallets/" + std::string(id_width, source_mark), {}, {}),
      wallet_at_(template_.places_of(source_mark, id_width).at(0)), book_(book), random_(run) {}

bool ReadWorkload::next(Shot& shot) {
  shot.bytes.assign(template_.text());
  put(shot.bytes, wallet_at_, book_.ids[random_.below(static_cast<std::uint32_t>(book_.ids.size()))]);
  return true;
}

void ReadWorkload::answered(const Shot&, const Response& response, Verdicts& verdicts) {
  ++verdicts[verdict_of(response.status)];
}

}  // namespace dompet::cli
