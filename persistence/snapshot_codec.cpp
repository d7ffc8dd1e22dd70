#include <algorithm>
#include <cstring>

#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"
#include "persistence/event_codec.hpp"
#include "persistence/sha256.hpp"

// A snapshot's bytes (persistence/README.md). Unlike records they need not be written as ever: a newer program reads
// the old layout and writes the new one.

namespace dompet {

namespace {

using Reader = ByteReader<Unreadable>;

/// The last layout is written only where a wallet needs it, so that nodes of the build before read all others.
constexpr std::uint8_t snapshot_version = 3;
constexpr std::uint8_t version_of_plain_holds = 2;

bool needs_last(const Hold& hold) { return hold.is_to_be_reviewed || hold.converted != 0 || hold.own_converted != 0; }

std::uint8_t version_for(const Wallet& wallet) {
  const bool is_plain = wallet.invoices == PaidInvoices{} && std::ranges::none_of(wallet.holds, needs_last);
  return is_plain ? version_of_plain_holds : snapshot_version;
}

WalletStatus status_of(std::uint8_t number) {
  if (number > static_cast<std::uint8_t>(WalletStatus::closed))
    throw Unreadable("a snapshot has a wallet in an unknown status");
  return static_cast<WalletStatus>(number);
}

void put_spent(ByteWriter& out, const Spent& spent) {
  out.signed_varint(spent.day);
  for (const auto* amounts : {&spent.in_day, &spent.in_week, &spent.in_month})
    for (const Minor amount : *amounts)
      out.signed_varint(amount);
}

Spent read_spent(Reader& in) {
  Spent spent;
  spent.day = static_cast<std::int32_t>(in.signed_varint());
  for (auto* amounts : {&spent.in_day, &spent.in_week, &spent.in_month})
    for (Minor& amount : *amounts)
      amount = in.signed_varint();
  return spent;
}

void put_cards(ByteWriter& out, const std::vector<CardId>& cards) {
  out.varint(cards.size());
  for (const CardId& card : cards)
    out.raw(card.uuid.bytes);
}

std::vector<CardId> read_cards(Reader& in) {
  const std::uint64_t count = in.varint();
  if (count > in.left())
    throw Unreadable("a snapshot names more cards than it has bytes");
  std::vector<CardId> cards(count);
  for (CardId& card : cards)
    card.uuid.bytes = in.raw<16>();
  return cards;
}

void put_invoices(ByteWriter& out, const PaidInvoices& invoices) {
  out.signed_varint(invoices.latest_ms);
  out.varint(invoices.paid().size());
  for (const InvoiceTerms& terms : invoices.paid())
    put_invoice(out, terms);
}

PaidInvoices read_invoices(Reader& in) {
  PaidInvoices invoices;
  invoices.latest_ms = in.signed_varint();
  const std::uint64_t count = in.varint();
  if (count > in.left())
    throw Unreadable("a snapshot names more invoices than it has bytes");
  std::vector<InvoiceTerms> paid;
  for (std::uint64_t i = 0; i < count; ++i)
    paid.push_back(read_invoice(in));
  invoices.replace(std::move(paid));
  return invoices;
}

void put_holds(ByteWriter& out, const std::vector<Hold>& holds, std::uint8_t version) {
  out.varint(holds.size());
  for (const Hold& hold : holds) {
    out.raw(hold.transaction.uuid.bytes);
    out.signed_varint(hold.amount);
    put_spending(out, hold.spending);
    out.signed_varint(hold.authorized);
    out.signed_varint(hold.captured);
    out.raw(hold.parent.uuid.bytes);
    out.signed_varint(hold.rest);
    if (version < snapshot_version)
      continue;
    out.u8(hold.is_to_be_reviewed);
    out.signed_varint(hold.converted);
    out.signed_varint(hold.own_converted);
  }
}

std::vector<Hold> read_holds(Reader& in, std::uint8_t version) {
  const std::uint64_t count = in.varint();
  if (count > in.left())
    throw Unreadable("a snapshot names more holds than it has bytes");
  std::vector<Hold> holds(count);
  for (Hold& hold : holds) {
    hold.transaction.uuid.bytes = in.raw<16>();
    hold.amount = in.signed_varint();
    if (version == 1)
      continue;
    hold.spending = read_spending(in);
    hold.authorized = in.signed_varint();
    hold.captured = in.signed_varint();
    hold.parent.uuid.bytes = in.raw<16>();
    hold.rest = in.signed_varint();
    if (version < snapshot_version)
      continue;
    hold.is_to_be_reviewed = in.u8() != 0;
    hold.converted = in.signed_varint();
    hold.own_converted = in.signed_varint();
  }
  return holds;
}

}  // namespace

std::string encode_snapshot(const WalletHistory& history) {
  std::string bytes;
  ByteWriter out(bytes);
  const Wallet& wallet = history.wallet;
  const std::uint8_t version = version_for(wallet);
  out.u8(version);
  out.raw(wallet.id.uuid.bytes);
  out.u64(history.seq);
  out.raw(history.digest);
  out.u8(static_cast<std::uint8_t>(wallet.status));
  out.signed_varint(wallet.available);
  out.signed_varint(wallet.held);
  put_holds(out, wallet.holds, version);
  put_spent(out, wallet.spent);
  put_cards(out, wallet.blocked_cards);
  if (version == snapshot_version)
    put_invoices(out, wallet.invoices);
  encode_event(bytes, WalletOpened{wallet.currency, wallet.name, wallet.limits, wallet.owner});
  const Digest checksum = sha256(bytes);
  bytes.append(reinterpret_cast<const char*>(checksum.data()), 8);
  return bytes;
}

WalletHistory decode_snapshot(const std::string& bytes) {
  if (bytes.size() < 9)
    throw Unreadable("a snapshot is too short");
  const std::string_view body = std::string_view{bytes}.substr(0, bytes.size() - 8);
  const Digest checksum = sha256(body);
  if (std::memcmp(checksum.data(), bytes.data() + body.size(), 8) != 0)
    throw Unreadable("a snapshot's checksum is wrong");
  Reader in(body);
  const std::uint8_t version = in.u8();
  if (version == 0 || version > snapshot_version)
    throw Unreadable("a snapshot has a layout that this program does not know");
  WalletHistory history;
  Wallet& wallet = history.wallet;
  wallet.id.uuid.bytes = in.raw<16>();
  history.seq = in.u64();
  history.digest = in.raw<32>();
  wallet.status = status_of(in.u8());
  wallet.available = in.signed_varint();
  wallet.held = in.signed_varint();
  wallet.holds = read_holds(in, version);
  if (version > 1) {
    wallet.spent = read_spent(in);
    wallet.blocked_cards = read_cards(in);
  }
  if (version == snapshot_version)
    wallet.invoices = read_invoices(in);
  std::size_t taken = 0;
  const Event opened = decode_event(body.substr(body.size() - in.left()), {}, taken);
  const auto* profile = std::get_if<WalletOpened>(&opened);
  if (profile == nullptr || taken != in.left())
    throw Unreadable("a snapshot does not end with its wallet's profile");
  wallet.currency = profile->currency;
  wallet.name = profile->name;
  wallet.limits = profile->limits;
  wallet.owner = profile->owner;
  return history;
}

}  // namespace dompet
