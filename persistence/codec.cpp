#include "persistence/codec.hpp"

#include <cstring>

#include "domain/ensure.hpp"
#include "persistence/bytes.hpp"
#include "persistence/event_codec.hpp"
#include "persistence/sha256.hpp"

namespace dompet {

namespace {

using Reader = ByteReader<Unreadable>;

/// What the payload's second byte says is there.
enum Flag : std::uint8_t {
  has_transaction = 1,
  has_decline = 2,
  has_fingerprint = 4,
  /// The row's `wallet` is the destination and its `peer` the source, not the other way round.
  wallet_receives = 8,
  /// What only payments, their acts, refunds and withdrawals have.
  has_details = 16,
  has_payment_state = 32,
  has_fx = 64,
  /// What rules or an officer said; never both of one record.
  has_risk = 128,
};

/// Credits and refusals are written by the destination, every other record by the source.
bool receives(const Record& record) {
  return record.kind == RecordKind::topup || record.kind == RecordKind::transfer_credited ||
         record.kind == RecordKind::transfer_refused ||
         (record.transaction && record.transaction->kind == TransactionKind::topup);
}

std::uint8_t flags_of(const Record& record) {
  int flags = 0;
  if (record.transaction)
    flags |= has_transaction;
  if (record.decline)
    flags |= has_decline;
  if (record.stamp)
    flags |= has_fingerprint;
  if (record.transaction && receives(record))
    flags |= wallet_receives;
  if (record.transaction && has_payment_details(*record.transaction))
    flags |= has_details;
  if (record.payment)
    flags |= has_payment_state;
  if (record.transaction && record.transaction->fx)
    flags |= has_fx;
  if (record.risk || record.verdict)
    flags |= has_risk;
  return static_cast<std::uint8_t>(flags);
}

void put_details(ByteWriter& out, const Transaction& transaction) {
  out.raw(transaction.parent.uuid.bytes);
  out.raw(transaction.merchant.uuid.bytes);
  out.raw(transaction.card.uuid.bytes);
  out.text(transaction.payout_account);
  out.u8(static_cast<std::uint8_t>(transaction.manual_capture | (transaction.final_capture << 1) |
                                   (transaction.bill.has_value() << 2)));
  out.signed_varint(transaction.expires_at_ms);
  if (!transaction.bill)
    return;
  put_invoice(out, transaction.bill->terms);
  out.text(transaction.bill->va_number);
}

void read_details(Reader& in, Transaction& transaction) {
  transaction.parent.uuid.bytes = in.raw<16>();
  transaction.merchant.uuid.bytes = in.raw<16>();
  transaction.card.uuid.bytes = in.raw<16>();
  transaction.payout_account = in.text();
  const std::uint8_t choices = in.u8();
  transaction.manual_capture = (choices & 1) != 0;
  transaction.final_capture = (choices & 2) != 0;
  transaction.expires_at_ms = in.signed_varint();
  if ((choices & 4) == 0)
    return;
  Bill& bill = transaction.bill.emplace();
  bill.terms = read_invoice(in);
  bill.va_number = in.text();
}

void put_fx(ByteWriter& out, const FxLeg& fx) {
  out.raw(fx.quote.uuid.bytes);
  out.signed_varint(fx.rate.coefficient);
  out.u8(fx.rate.scale);
  out.varint(fx.currency.numeric);
  out.signed_varint(fx.amount);
  out.signed_varint(fx.rate_at_ms);
}

FxLeg read_fx(Reader& in) {
  FxLeg fx;
  fx.quote.uuid.bytes = in.raw<16>();
  fx.rate.coefficient = in.signed_varint();
  fx.rate.scale = in.u8();
  const auto currency = find_currency(static_cast<std::uint16_t>(in.varint()));
  if (!currency || fx.rate.coefficient <= 0 || fx.rate.scale > most_scale)
    throw Unreadable("a journal row was converted by no rate or into an unknown currency");
  fx.currency = *currency;
  fx.amount = in.signed_varint();
  fx.rate_at_ms = in.signed_varint();
  return fx;
}

void put_risk(ByteWriter& out, const Assessment& risk) {
  out.u8(risk.score);
  out.u8(static_cast<std::uint8_t>(risk.action));
  out.varint(risk.reasons.size());
  for (const RiskReason& reason : risk.reasons) {
    out.text(reason.rule);
    out.text(reason.text);
  }
  out.varint(risk.rules_version);
  out.raw(risk.asked_by.uuid.bytes);
}

/// In the place of a score, which is none: what follows is an officer's word.
constexpr std::uint8_t verdict_follows = 255;

void put_verdict(ByteWriter& out, const Verdict& verdict) {
  out.u8(verdict_follows);
  out.text(verdict.officer);
  out.text(verdict.note);
}

Assessment read_risk(Reader& in, std::uint8_t score) {
  Assessment risk{.score = score};
  const std::uint8_t action = in.u8();
  const std::uint64_t count = in.varint();
  if (risk.score > 100 || action > static_cast<std::uint8_t>(RiskAction::block) || count > most_risk_reasons)
    throw Unreadable("a journal row was assessed as nothing can be");
  risk.action = static_cast<RiskAction>(action);
  risk.reasons.resize(count);
  for (RiskReason& reason : risk.reasons) {
    reason.rule = in.text();
    reason.text = in.text();
  }
  risk.rules_version = in.varint();
  risk.asked_by.uuid.bytes = in.raw<16>();
  return risk;
}

void read_judgement(Reader& in, Record& record) {
  const std::uint8_t first = in.u8();
  if (first != verdict_follows) {
    record.risk = read_risk(in, first);
    return;
  }
  Verdict& verdict = record.verdict.emplace();
  verdict.officer = in.text();
  verdict.note = in.text();
}

/// Everything of the payload but the legs.
std::string encode_facts(const Record& record) {
  std::string bytes;
  bytes.reserve(224);
  ByteWriter out(bytes);
  out.u8(payload_version);
  out.u8(flags_of(record));
  if (record.decline)
    out.u8(static_cast<std::uint8_t>(*record.decline));
  if (record.stamp)
    out.u64(record.stamp->fingerprint);
  if (const Transaction* transaction = record.transaction.get()) {
    out.u8(static_cast<std::uint8_t>(transaction->kind));
    out.text(transaction->method);
    out.text(transaction->description);
    out.text(transaction->metadata);
    if (has_payment_details(*transaction))
      put_details(out, *transaction);
    if (transaction->fx)
      put_fx(out, *transaction->fx);
  }
  if (record.payment) {
    out.signed_varint(record.payment->authorized);
    out.signed_varint(record.payment->captured);
    out.signed_varint(record.payment->remaining);
    if (record.transaction && record.transaction->fx)
      out.signed_varint(record.payment->converted);
  }
  if (record.risk)
    put_risk(out, *record.risk);
  else if (record.verdict)
    put_verdict(out, *record.verdict);
  return bytes;
}

void encode_leg_body(std::string& bytes, const Leg& leg) {
  encode_event(bytes, leg.event);
  ByteWriter out(bytes);
  out.signed_varint(leg.available_after);
  out.signed_varint(leg.held_after);
}

std::optional<Uuid> if_any(const WalletId& wallet) {
  if (wallet.uuid.is_nil())
    return std::nullopt;
  return wallet.uuid;
}

void fill_parties(JournalRow& row, const Record& record) {
  if (record.legs > 0) {
    row.wallet = record.leg[0].wallet.uuid;
    row.wallet_seq = static_cast<std::int64_t>(record.leg[0].seq);
  }
  if (record.legs > 1) {
    row.peer = record.leg[1].wallet.uuid;
    row.peer_seq = static_cast<std::int64_t>(record.leg[1].seq);
  }
  if (!record.transaction)
    return;
  const auto source = if_any(record.transaction->source);
  const auto destination = if_any(record.transaction->destination);
  row.wallet = receives(record) ? destination : source;
  row.peer = receives(record) ? source : destination;
}

RecordKind record_kind_of(std::int16_t number) {
  if (number < static_cast<std::int16_t>(RecordKind::wallet_changed) ||
      number > static_cast<std::int16_t>(RecordKind::review_approved))
    throw Unreadable("a journal row is a record of an unknown kind");
  return static_cast<RecordKind>(number);
}

TransactionKind transaction_kind_of(std::uint8_t number) {
  if (number < static_cast<std::uint8_t>(TransactionKind::topup) ||
      number > static_cast<std::uint8_t>(TransactionKind::void_payment))
    throw Unreadable("a journal row belongs to a transaction of an unknown kind");
  return static_cast<TransactionKind>(number);
}

Decline must_be_decline(std::uint8_t number) {
  const auto decline = decline_of(number);
  if (!decline)
    throw Unreadable("a journal row was declined for an unknown reason");
  return *decline;
}

WalletId wallet_of(const std::optional<Uuid>& column) { return column ? WalletId{*column} : WalletId{}; }

std::shared_ptr<const Transaction> read_transaction(Reader& in, const JournalRow& row, std::uint8_t flags) {
  auto transaction = std::make_shared<Transaction>();
  transaction->id = {row.id};
  const auto currency = find_currency(static_cast<std::uint16_t>(row.currency));
  if (!currency)
    throw Unreadable("a journal row is in an unknown currency");
  transaction->currency = *currency;
  transaction->amount = row.amount;
  transaction->kind = transaction_kind_of(in.u8());
  transaction->method = in.text();
  transaction->description = in.text();
  transaction->metadata = in.text();
  if ((flags & has_details) != 0)
    read_details(in, *transaction);
  if ((flags & has_fx) != 0)
    transaction->fx = read_fx(in);
  const bool receiving = (flags & wallet_receives) != 0;
  transaction->source = wallet_of(receiving ? row.peer : row.wallet);
  transaction->destination = wallet_of(receiving ? row.wallet : row.peer);
  return transaction;
}

Leg read_leg(std::string_view& bytes, const TransactionId& id, const WalletId& wallet, std::int64_t seq) {
  Leg leg;
  leg.wallet = wallet;
  leg.seq = static_cast<std::uint64_t>(seq);
  std::size_t taken = 0;
  leg.event = decode_event(bytes, id, taken);
  Reader in(bytes.substr(taken));
  leg.available_after = in.signed_varint();
  leg.held_after = in.signed_varint();
  leg.digest = in.raw<32>();
  bytes.remove_prefix(bytes.size() - in.left());
  return leg;
}

void read_legs(Record& record, const JournalRow& row, std::string_view bytes) {
  Reader in(bytes);
  const std::uint8_t legs = in.u8();
  bytes.remove_prefix(1);
  if (legs > record.leg.size())
    throw Unreadable("a journal row has more legs than a record can have");
  const std::optional<std::int64_t> seqs[]{row.wallet_seq, row.peer_seq};
  const std::optional<Uuid> wallets[]{row.wallet, row.peer};
  for (; record.legs < legs; ++record.legs) {
    if (!seqs[record.legs] || !wallets[record.legs])
      throw Unreadable("a journal row lacks the wallet of one of its legs");
    record.leg[record.legs] = read_leg(bytes, record.id, {*wallets[record.legs]}, *seqs[record.legs]);
  }
  if (!bytes.empty())
    throw Unreadable("a journal row is longer than its record");
}

}  // namespace

JournalRow encode(const Record& record) {
  JournalRow row;
  row.shard = record.shard;
  row.kind = static_cast<std::int16_t>(record.kind);
  row.shard_seq = static_cast<std::int64_t>(record.shard_seq);
  row.epoch = static_cast<std::int64_t>(record.epoch);
  row.batch = static_cast<std::int64_t>(record.batch);
  row.at_ms = record.at_ms;
  row.id = record.id.uuid;
  if (record.stamp)
    row.key = record.stamp->key.uuid;
  if (record.transaction) {
    row.currency = static_cast<std::int16_t>(record.transaction->currency.numeric);
    row.amount = record.transaction->amount;
    if (record.transaction->parent != TransactionId{})
      row.parent = record.transaction->parent.uuid;
  }
  fill_parties(row, record);
  if (record.risk)
    row.risk = risk_column(record.risk->action, record.risk->score);
  row.payload = encode_facts(record);
  row.payload.push_back(static_cast<char>(record.legs));
  for (const Leg& leg : record.all_legs()) {
    encode_leg_body(row.payload, leg);
    ByteWriter(row.payload).raw(leg.digest);
  }
  return row;
}

Record decode(const JournalRow& row) {
  Reader in(row.payload);
  if (const std::uint8_t version = in.u8(); version != payload_version)
    throw Unreadable("a journal row has layout " + std::to_string(version) + ", this program reads up to " +
                     std::to_string(payload_version));
  Record record;
  record.kind = record_kind_of(row.kind);
  record.id = {row.id};
  record.shard = row.shard;
  record.shard_seq = static_cast<std::uint64_t>(row.shard_seq);
  record.epoch = static_cast<std::uint64_t>(row.epoch);
  record.batch = static_cast<std::uint64_t>(row.batch);
  record.at_ms = row.at_ms;
  const std::uint8_t flags = in.u8();
  if ((flags & has_decline) != 0)
    record.decline = must_be_decline(in.u8());
  if ((flags & has_fingerprint) != 0) {
    if (!row.key)
      throw Unreadable("a journal row has a fingerprint but no key");
    record.stamp = Stamp{{*row.key}, in.u64()};
  }
  if ((flags & has_transaction) != 0)
    record.transaction = read_transaction(in, row, flags);
  if ((flags & has_payment_state) != 0) {
    record.payment.emplace().authorized = in.signed_varint();
    record.payment->captured = in.signed_varint();
    record.payment->remaining = in.signed_varint();
    if ((flags & has_fx) != 0)
      record.payment->converted = in.signed_varint();
  }
  if ((flags & has_risk) != 0)
    read_judgement(in, record);
  read_legs(record, row, std::string_view{row.payload}.substr(row.payload.size() - in.left()));
  return record;
}

std::int16_t risk_column(RiskAction action, int score) {
  return static_cast<std::int16_t>(static_cast<int>(action) * 1'000 + score);
}

Digest link(const Digest& previous, const Record& record, const Leg& leg) {
  std::string bytes;
  bytes.reserve(320);
  ByteWriter out(bytes);
  out.raw(previous);
  out.raw(leg.wallet.uuid.bytes);
  out.u64(leg.seq);
  out.raw(record.id.uuid.bytes);
  out.u8(static_cast<std::uint8_t>(record.kind));
  out.u64(static_cast<std::uint64_t>(record.at_ms));
  if (const Transaction* transaction = record.transaction.get()) {
    out.raw(transaction->source.uuid.bytes);
    out.raw(transaction->destination.uuid.bytes);
    out.varint(transaction->currency.numeric);
    out.signed_varint(transaction->amount);
  }
  bytes += encode_facts(record);
  encode_leg_body(bytes, leg);
  return sha256(bytes);
}

KeyId key_id(std::string_view client, std::string_view key) {
  std::string bytes;
  ByteWriter out(bytes);
  out.text(client);
  out.text(key);
  const Digest digest = sha256(bytes);
  KeyId id;
  std::memcpy(id.uuid.bytes.data(), digest.data(), id.uuid.bytes.size());
  return id;
}

std::uint64_t fingerprint(std::string_view canonical_fields) {
  const Digest digest = sha256(canonical_fields);
  std::uint64_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

}  // namespace dompet
