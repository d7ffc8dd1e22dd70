#include "http/event_place.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"
#include "persistence/vault.hpp"

namespace dompet::http {

namespace {

constexpr std::uint8_t place_version = 1;

struct BadPlace : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::uint64_t question_of(const EventScope& scope) {
  std::vector<std::string> types = scope.types.patterns;
  std::ranges::sort(types);
  std::string fields = "/v1/events\n";
  fields += scope.wallet ? "wallet " + to_string(*scope.wallet) : scope.owner ? "owner " + to_string(*scope.owner) : "";
  for (const std::string& type : types)
    (fields += '\n') += type;
  return fingerprint(fields);
}

EventPlace read_parts(ByteReader<BadPlace>& in, bool is_everything) {
  EventPlace place;
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    if (is_everything) {
      const std::uint64_t shard = in.varint();
      if (shard > std::numeric_limits<Shard>::max())
        throw BadPlace("no ledger has so many shards");
      place.streams[static_cast<Shard>(shard)] = in.varint();
    } else {
      WalletPlace& wallet = place.wallets.emplace_back();
      wallet.wallet.uuid.bytes = in.raw<16>();
      wallet.seq = in.varint();
      wallet.quiet_seq = in.varint();
    }
  }
  if (!in.at_end())
    throw BadPlace("there is more than a place");
  return place;
}

bool is_numbered_by_postgres(std::uint64_t number) {
  return number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

bool is_possible(const EventPlace& place) {
  return std::ranges::all_of(place.streams, [](const auto& mark) { return is_numbered_by_postgres(mark.second); }) &&
         std::ranges::all_of(place.wallets, [](const WalletPlace& wallet) {
           return is_numbered_by_postgres(wallet.seq) && is_numbered_by_postgres(wallet.quiet_seq);
         });
}

}  // namespace

WalletPlace EventPlace::of(const WalletId& wallet) const {
  const auto found = std::ranges::find(wallets, wallet, &WalletPlace::wallet);
  return found == wallets.end() ? WalletPlace{wallet} : *found;
}

WalletPlace& EventPlace::of(const WalletId& wallet) {
  const auto found = std::ranges::find(wallets, wallet, &WalletPlace::wallet);
  return found == wallets.end() ? wallets.emplace_back(WalletPlace{wallet}) : *found;
}

std::string write_event_place(const EventScope& scope, const EventPlace& place) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(place_version);
  out.u64(question_of(scope));
  if (scope.is_everything()) {
    out.varint(place.streams.size());
    for (const auto& [shard, seq] : place.streams) {
      out.varint(shard);
      out.varint(seq);
    }
  } else {
    out.varint(place.wallets.size());
    for (const WalletPlace& wallet : place.wallets) {
      out.raw(wallet.wallet.uuid.bytes);
      out.varint(wallet.seq);
      out.varint(wallet.quiet_seq);
    }
  }
  return base64url(bytes);
}

std::expected<EventPlace, std::string_view> read_event_place(std::string_view text, const EventScope& scope) {
  const auto bytes = from_base64url(text);
  if (!bytes)
    return std::unexpected("invalid_cursor");
  try {
    ByteReader<BadPlace> in(*bytes);
    if (in.u8() != place_version)
      return std::unexpected("invalid_cursor");
    if (in.u64() != question_of(scope))
      return std::unexpected("cursor_mismatch");
    EventPlace place = read_parts(in, scope.is_everything());
    if (!is_possible(place))
      return std::unexpected("invalid_cursor");
    return place;
  } catch (const BadPlace&) {
    return std::unexpected("invalid_cursor");
  }
}

}  // namespace dompet::http
