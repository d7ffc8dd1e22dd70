#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/history.hpp"
#include "domain/record.hpp"
#include "domain/saga.hpp"
#include "domain/wallet.hpp"
#include "persistence/reader.hpp"

namespace dompet {

// What can be asked of the engine. All values, checked for form already; whether the money rules allow it is
// the wallets' business.

/// The id is made by the asker and carries the time of the request.
struct OpenWalletRequest {
  WalletId wallet{};
  OpenWallet command{};
};

using WalletChange =
    std::variant<ChangeName, ChangeLimits, FreezeWallet, UnfreezeWallet, CloseWallet, BlockCard, AllowCard>;

struct ChangeWalletRequest {
  WalletId wallet{};
  /// All or none, in this order; a PATCH may change name and limits at once.
  std::vector<WalletChange> changes{};
  /// Who asks, and must own the wallet when it decides; nil for staff. Others hear that there is no such wallet.
  UserId on_behalf_of{};
};

/// Money moves, or is set aside and given back, by the transaction's kind. A top-up asks its destination, everything
/// else its source; an act on a payment names the payer's wallet as its source. The transaction's id is made by the
/// asker (UUIDv7); a replay answers with the old one.
///
/// A capture of amount 0 takes all that is left of its payment, a refund of amount 0 gives back all that was not; a
/// void's amount is what was left.
struct MoveMoneyRequest {
  std::shared_ptr<const Transaction> transaction{};
  Stamp stamp{};
  /// As with ChangeWalletRequest.
  UserId on_behalf_of{};
  /// Staff who moves somebody else's money, for the record of what risk rules say; nil for everybody else.
  UserId asked_by{};
  /// Only the answer that its key has is wanted, also that of a request under way: a free key stays free, and that is
  /// the answer (NotNow::Cause::key_is_free).
  bool only_if_known = false;
};

struct ReadWalletRequest {
  WalletId wallet{};
  /// Strict: answered only after a commit that began later than the request (protocol 5.8).
  bool strict = false;
};

/// What an operator can do about a transfer that takes its steps one by one. There is no "force release": a release
/// needs the destination's word, so all that can be asked for is a cancellation (protocol 5.5, 8).
/// Approvals and rejections are an officer's, of what is under review: answered once they are durable.
enum class SagaOrder : std::uint8_t { inspect, retry, cancel, pause, resume, approve, reject };

/// What an officer says of a review.
constexpr bool is_decision(SagaOrder order) { return order == SagaOrder::approve || order == SagaOrder::reject; }

/// An order to the coordinator of a transfer, or a question to its memory.
struct SagaOrderRequest {
  TransactionId saga{};
  /// Where its coordinator is: the source wallet's shard.
  Shard source_shard = 0;
  SagaOrder order = SagaOrder::inspect;
  /// An officer and what he says for his approval or rejection, for its record.
  Verdict verdict{};
};

/// What a provider says about a withdrawal or a top-up that it was asked for (provider_port.hpp). It may come late,
/// twice or not at all. Send it with correlation 0: its answer, a SagaReport, is of use to nobody.
struct ProviderWordRequest {
  TransactionId saga{};
  /// Where its coordinator is, as the order said.
  Shard source_shard = 0;
  /// Credited: the money left (withdrawal) or came (top-up). Refused: it did not and never will, or it went back.
  Decision outcome = Decision::none;
  /// Why it was refused.
  Decline reason = Decline::provider_refused;
  /// False: the provider does not know yet; nothing follows but that it is asked again.
  bool known = false;
};

using Request = std::variant<OpenWalletRequest, ChangeWalletRequest, MoveMoneyRequest, ReadWalletRequest,
                             SagaOrderRequest, ProviderWordRequest>;

/// The shard that a request begins in: the source's, or the one wallet's that it is about.
Shard shard_of_request(const Request& request, Shard shard_count);

// What comes back. Everything that is not Unavailable is durable when it is delivered.

/// How a money request stands. By the record's kind: `topup`, `transfer` and the acts on payments are completed,
/// `payment_authorized` waits for its captures, `declined` is a refusal for good, `hold_placed` and `topup_begun` with
/// a saga that is not final are still under way; one that is under review waits for an officer.
struct MoneyAnswer {
  std::shared_ptr<const Record> record{};
  SagaState state = SagaState::settled;
  std::int64_t completed_at_ms = 0;
  std::optional<Decline> refusal{};
  /// The key had been used for the same request before: this is its stored answer.
  bool replayed = false;
};

/// The key was used before, for another request.
struct KeyReused {
  TransactionId original{};
};

/// Outage, overload or quarantine: try again with the same key.
struct NotNow {
  /// True when the request may have been done; false when it surely was not and never will be by itself.
  bool may_be_applied = false;
  /// A whole sentence for the client.
  std::string reason{};
  /// What is missing: whatever it takes to do it, or to judge whether it may be done; or nothing is, and nobody wanted
  /// it done.
  enum class Cause : std::uint8_t { outage, risk, key_is_free };
  Cause cause = Cause::outage;
};

/// What a coordinator's memory says about a saga.
struct SagaReport {
  /// False when the coordinator has no such open saga: it is over, or was never one.
  bool open = false;
  /// Whether the order was taken. An inspection always is.
  bool accepted = true;
  SagaState state = SagaState::none;
  bool paused = false;
  int attempts = 0;
  /// Until the next message goes out; nothing when none is due.
  std::optional<std::int64_t> next_attempt_in_ms{};
  /// What it waits for, as a sentence.
  std::string waits_for{};
  /// The last ones, oldest first.
  std::vector<SagaAttempt> last_attempts{};

  bool operator==(const SagaReport&) const = default;
};

using Result = std::variant<WalletHistory, Decline, MoneyAnswer, KeyReused, NotNow, SagaReport>;

struct Answer {
  std::uint64_t correlation = 0;
  Result result{};
};

}  // namespace dompet
