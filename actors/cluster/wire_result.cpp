#include "actors/cluster/wire_fields.hpp"
#include "domain/ensure.hpp"

namespace dompet::wire {

namespace {

/// Never reuse a number.
enum class ResultKind : std::uint8_t {
  wallet = 1,
  decline = 2,
  money = 3,
  key_reused = 4,
  not_now = 5,
  saga_report = 6,
  risk_unavailable = 7,
  key_is_free = 8,
};

ResultKind kind_of(NotNow::Cause cause) {
  switch (cause) {
    case NotNow::Cause::outage: return ResultKind::not_now;
    case NotNow::Cause::risk: return ResultKind::risk_unavailable;
    case NotNow::Cause::key_is_free: return ResultKind::key_is_free;
  }
  throw Bug("a reason not to do something has a number on the wire");
}

Decline read_decline(Source& in) {
  const auto decline = decline_of(in.u8());
  if (!decline)
    throw Unreadable("a frame has an unknown reason to decline");
  return *decline;
}

SagaState read_saga_state(Source& in) {
  const std::uint8_t state = in.u8();
  if (state > static_cast<std::uint8_t>(SagaState::under_review))
    throw Unreadable("a frame has a transfer in an unknown state");
  return static_cast<SagaState>(state);
}

void put_optional_uuid(ByteWriter& out, const std::optional<Uuid>& uuid) {
  put_flag(out, uuid.has_value());
  if (uuid)
    out.raw(uuid->bytes);
}

std::optional<Uuid> read_optional_uuid(Source& in) {
  if (!read_flag(in))
    return std::nullopt;
  return Uuid{in.raw<16>()};
}

/// As the journal stores it: the narrow columns, then the payload.
void put_record(ByteWriter& out, const Record& record) {
  const JournalRow row = encode(record);
  out.varint(row.shard);
  out.signed_varint(row.kind);
  out.signed_varint(row.currency);
  for (const std::int64_t number : {row.shard_seq, row.epoch, row.batch, row.at_ms, row.amount})
    out.signed_varint(number);
  put_optional_number(out, row.wallet_seq);
  put_optional_number(out, row.peer_seq);
  out.raw(row.id.bytes);
  put_optional_uuid(out, row.key);
  put_optional_uuid(out, row.wallet);
  put_optional_uuid(out, row.peer);
  out.text(row.payload);
}

std::int16_t read_small(Source& in) {
  const std::int64_t number = in.signed_varint();
  if (number < 0 || number > std::numeric_limits<std::int16_t>::max())
    throw Unreadable("a frame has a record with a number that is too large for its place");
  return static_cast<std::int16_t>(number);
}

Record read_record(Source& in) {
  JournalRow row;
  row.shard = read_number<Shard>(in);
  row.kind = read_small(in);
  row.currency = read_small(in);
  for (std::int64_t* number : {&row.shard_seq, &row.epoch, &row.batch, &row.at_ms, &row.amount})
    *number = in.signed_varint();
  row.wallet_seq = read_optional_number(in);
  row.peer_seq = read_optional_number(in);
  row.id.bytes = in.raw<16>();
  row.key = read_optional_uuid(in);
  row.wallet = read_optional_uuid(in);
  row.peer = read_optional_uuid(in);
  row.payload = in.text();
  return decode(row);
}

void put(ByteWriter& out, const WalletHistory& history) {
  put_kind(out, ResultKind::wallet);
  if (history.wallet.holds.empty() && history.wallet.invoices == PaidInvoices{})
    return out.text(encode_snapshot(history));
  WalletHistory shown = history;
  shown.wallet.holds.clear();
  shown.wallet.invoices = {};
  out.text(encode_snapshot(shown));
}

void put(ByteWriter& out, const Decline& decline) {
  put_kind(out, ResultKind::decline);
  out.u8(static_cast<std::uint8_t>(decline));
}

void put(ByteWriter& out, const MoneyAnswer& answer) {
  put_kind(out, ResultKind::money);
  ensure(answer.record != nullptr, "an answer about money shows its record");
  put_record(out, *answer.record);
  out.u8(static_cast<std::uint8_t>(answer.state));
  out.signed_varint(answer.completed_at_ms);
  put_optional_decline(out, answer.refusal);
  put_flag(out, answer.replayed);
}

MoneyAnswer read_money(Source& in) {
  MoneyAnswer answer;
  answer.record = std::make_shared<const Record>(read_record(in));
  answer.state = read_saga_state(in);
  answer.completed_at_ms = in.signed_varint();
  answer.refusal = read_optional_decline(in);
  answer.replayed = read_flag(in);
  return answer;
}

void put(ByteWriter& out, const KeyReused& reused) {
  put_kind(out, ResultKind::key_reused);
  put_id(out, reused.original);
}

void put(ByteWriter& out, const NotNow& refusal) {
  put_kind(out, kind_of(refusal.cause));
  put_flag(out, refusal.may_be_applied);
  out.text(refusal.reason);
}

NotNow read_not_now(Source& in, NotNow::Cause cause) {
  NotNow refusal{.cause = cause};
  refusal.may_be_applied = read_flag(in);
  refusal.reason = in.text();
  return refusal;
}

void put_attempt(ByteWriter& out, const SagaAttempt& attempt) {
  out.varint(static_cast<std::uint32_t>(attempt.number));
  put_flag(out, attempt.cancel);
  out.signed_varint(attempt.at_ms);
  put_optional_number(out, attempt.took_ms);
  out.text(attempt.node);
  out.text(attempt.answer);
}

SagaAttempt read_attempt(Source& in) {
  SagaAttempt attempt;
  attempt.number = read_number<int>(in);
  attempt.cancel = read_flag(in);
  attempt.at_ms = in.signed_varint();
  attempt.took_ms = read_optional_number(in);
  attempt.node = in.text();
  attempt.answer = in.text();
  return attempt;
}

void put(ByteWriter& out, const SagaReport& report) {
  put_kind(out, ResultKind::saga_report);
  put_flag(out, report.open);
  put_flag(out, report.accepted);
  out.u8(static_cast<std::uint8_t>(report.state));
  put_flag(out, report.paused);
  out.varint(static_cast<std::uint32_t>(report.attempts));
  put_optional_number(out, report.next_attempt_in_ms);
  out.text(report.waits_for);
  out.varint(report.last_attempts.size());
  for (const SagaAttempt& attempt : report.last_attempts)
    put_attempt(out, attempt);
}

SagaReport read_saga_report(Source& in) {
  SagaReport report;
  report.open = read_flag(in);
  report.accepted = read_flag(in);
  report.state = read_saga_state(in);
  report.paused = read_flag(in);
  report.attempts = read_number<int>(in);
  report.next_attempt_in_ms = read_optional_number(in);
  report.waits_for = in.text();
  for (std::uint64_t left = in.varint(); left > 0; --left)
    report.last_attempts.push_back(read_attempt(in));
  return report;
}

}  // namespace

Currency read_currency(Source& in) {
  const auto currency = find_currency(read_number<std::uint16_t>(in));
  if (!currency)
    throw Unreadable("a frame has an unknown currency");
  return *currency;
}

void put_optional_decline(ByteWriter& out, const std::optional<Decline>& decline) {
  put_flag(out, decline.has_value());
  if (decline)
    out.u8(static_cast<std::uint8_t>(*decline));
}

std::optional<Decline> read_optional_decline(Source& in) {
  if (!read_flag(in))
    return std::nullopt;
  return read_decline(in);
}

/// Set in the byte of the kind: what only payments and the like have comes last. Without it a transaction has the bytes
/// that it had before there were such details, so that nodes of both builds understand each other.
constexpr int details_follow = 0x80;
/// Likewise, behind the details: what the destination of a converted transaction gets.
constexpr int fx_follows = 0x40;

void put_details(ByteWriter& out, const Transaction& transaction) {
  put_id(out, transaction.parent);
  put_id(out, transaction.merchant);
  put_id(out, transaction.card);
  out.text(transaction.payout_account);
  put_flag(out, transaction.manual_capture);
  out.u8(static_cast<std::uint8_t>(transaction.final_capture | (transaction.bill.has_value() << 1)));
  out.signed_varint(transaction.expires_at_ms);
  if (!transaction.bill)
    return;
  put_id(out, transaction.bill->terms.invoice);
  out.signed_varint(transaction.bill->terms.expires_at_ms);
  out.text(transaction.bill->va_number);
}

void read_details(Source& in, Transaction& transaction) {
  transaction.parent = read_id<TransactionId>(in);
  transaction.merchant = read_id<MerchantId>(in);
  transaction.card = read_id<CardId>(in);
  transaction.payout_account = in.text();
  transaction.manual_capture = read_flag(in);
  const std::uint8_t choices = in.u8();
  if (choices > 3)
    throw Unreadable("a frame has a payment with unknown details");
  transaction.final_capture = (choices & 1) != 0;
  transaction.expires_at_ms = in.signed_varint();
  if ((choices & 2) == 0)
    return;
  Bill& bill = transaction.bill.emplace();
  bill.terms.invoice = read_id<InvoiceId>(in);
  bill.terms.expires_at_ms = in.signed_varint();
  bill.va_number = in.text();
}

void put_fx(ByteWriter& out, const FxLeg& fx) {
  put_id(out, fx.quote);
  out.signed_varint(fx.rate.coefficient);
  out.u8(fx.rate.scale);
  put_currency(out, fx.currency);
  out.signed_varint(fx.amount);
  out.signed_varint(fx.rate_at_ms);
}

FxLeg read_fx(Source& in) {
  FxLeg fx;
  fx.quote = read_id<QuoteId>(in);
  fx.rate.coefficient = in.signed_varint();
  fx.rate.scale = in.u8();
  if (fx.rate.coefficient <= 0 || fx.rate.coefficient >= 1'000'000'000'000'000'000 || fx.rate.scale > most_scale)
    throw Unreadable("a frame has a rate that is none");
  fx.currency = read_currency(in);
  fx.amount = in.signed_varint();
  fx.rate_at_ms = in.signed_varint();
  return fx;
}

void put_transaction(ByteWriter& out, const Transaction& transaction) {
  put_id(out, transaction.id);
  const bool has_details = has_payment_details(transaction);
  out.u8(static_cast<std::uint8_t>(static_cast<int>(transaction.kind) | (has_details ? details_follow : 0) |
                                   (transaction.fx ? fx_follows : 0)));
  put_currency(out, transaction.currency);
  out.signed_varint(transaction.amount);
  put_id(out, transaction.source);
  put_id(out, transaction.destination);
  out.text(transaction.method);
  out.text(transaction.description);
  out.text(transaction.metadata);
  if (has_details)
    put_details(out, transaction);
  if (transaction.fx)
    put_fx(out, *transaction.fx);
}

std::shared_ptr<const Transaction> read_transaction(Source& in) {
  auto transaction = std::make_shared<Transaction>();
  transaction->id = read_id<TransactionId>(in);
  const int kind = in.u8();
  transaction->kind = static_cast<TransactionKind>(kind & ~(details_follow | fx_follows));
  if (transaction->kind < TransactionKind::topup || transaction->kind > TransactionKind::void_payment)
    throw Unreadable("a frame has a transaction of an unknown kind");
  transaction->currency = read_currency(in);
  transaction->amount = in.signed_varint();
  transaction->source = read_id<WalletId>(in);
  transaction->destination = read_id<WalletId>(in);
  transaction->method = in.text();
  transaction->description = in.text();
  transaction->metadata = in.text();
  if ((kind & details_follow) != 0)
    read_details(in, *transaction);
  if ((kind & fx_follows) != 0)
    transaction->fx = read_fx(in);
  return transaction;
}

void put_result(ByteWriter& out, const Result& result) {
  std::visit([&](const auto& answered) { put(out, answered); }, result);
}

Result read_result(Source& in) {
  switch (static_cast<ResultKind>(in.u8())) {
    case ResultKind::wallet: return decode_snapshot(in.text());
    case ResultKind::decline: return read_decline(in);
    case ResultKind::money: return read_money(in);
    case ResultKind::key_reused: return KeyReused{read_id<TransactionId>(in)};
    case ResultKind::not_now: return read_not_now(in, NotNow::Cause::outage);
    case ResultKind::risk_unavailable: return read_not_now(in, NotNow::Cause::risk);
    case ResultKind::key_is_free: return read_not_now(in, NotNow::Cause::key_is_free);
    case ResultKind::saga_report: return read_saga_report(in);
  }
  throw Unreadable("a frame has an answer of an unknown kind");
}

}  // namespace dompet::wire
