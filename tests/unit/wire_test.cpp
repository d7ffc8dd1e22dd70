#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "actors/cluster/wire.hpp"
#include "persistence/codec.hpp"
#include "tests/unit/random_records.hpp"

using namespace dompet;

namespace {

// --- random messages ---

Decline any_decline(given::Random& random) { return *decline_of(static_cast<std::uint8_t>(1 + random.upto(14))); }

std::optional<Decline> maybe_decline(given::Random& random) {
  return random.coin() ? std::optional{any_decline(random)} : std::nullopt;
}

std::shared_ptr<const Transaction> any_transaction(given::Random& random) {
  return given::any_transaction(random, random.coin() ? TransactionKind::topup : TransactionKind::transfer);
}

Shard any_shard(given::Random& random) { return static_cast<Shard>(random.upto(UINT16_MAX)); }

WalletChange any_change(given::Random& random) {
  switch (random.upto(6)) {
    case 5: return BlockCard{{random.uuid()}};
    case 6: return AllowCard{{random.uuid()}};
    case 0: return ChangeName{random.text(40)};
    case 1: return ChangeLimits{given::any_limits(random), random.coin()};
    case 2: return FreezeWallet{};
    case 3: return UnfreezeWallet{};
    default: return CloseWallet{};
  }
}

Request any_request(given::Random& random, std::size_t number) {
  switch (number) {
    case 0: {
      const UserId owner{random.coin() ? random.uuid() : Uuid{}};
      const OpenWallet command{given::any_currency(random), random.text(40), given::any_limits(random), owner};
      return OpenWalletRequest{{random.uuid()}, command};
    }
    case 1: {
      ChangeWalletRequest request{{random.uuid()}, {}};
      for (std::uint64_t left = random.upto(6); left > 0; --left)
        request.changes.push_back(any_change(random));
      if (random.coin())
        request.on_behalf_of = {random.uuid()};
      return request;
    }
    case 2: {
      MoveMoneyRequest request{any_transaction(random), {{random.uuid()}, random.upto(UINT64_MAX)}};
      switch (random.upto(3)) {
        case 1: request.on_behalf_of = {random.uuid()}; break;
        case 2: request.asked_by = {random.uuid()}; break;
        case 3: request.only_if_known = true; break;
        default: break;
      }
      return request;
    }
    case 3: return ReadWalletRequest{{random.uuid()}, random.coin()};
    case 5:
      return ProviderWordRequest{{random.uuid()},
                                 any_shard(random),
                                 static_cast<Decision>(random.upto(2)),
                                 any_decline(random),
                                 random.coin()};
    default: {
      const auto order = static_cast<SagaOrder>(random.upto(static_cast<std::uint64_t>(SagaOrder::reject)));
      SagaOrderRequest request{{random.uuid()}, any_shard(random), order};
      if (is_decision(order))
        request.verdict = {random.text(40), random.text(200)};
      return request;
    }
  }
}

WalletHistory any_history(given::Random& random) {
  WalletHistory history;
  history.wallet.id = {random.uuid()};
  history.wallet.status = static_cast<WalletStatus>(1 + random.upto(2));
  history.wallet.currency = given::any_currency(random);
  history.wallet.available = given::any_amount(random);
  history.wallet.held = given::any_amount(random);
  history.wallet.limits = given::any_plain_limits(random);
  history.wallet.name = random.text(40);
  history.seq = random.upto(1ULL << 50);
  history.digest = random.bytes<32>();
  return history;
}

SagaReport any_report(given::Random& random) {
  SagaReport report{random.coin(),
                    random.coin(),
                    static_cast<SagaState>(random.upto(5)),
                    random.coin(),
                    static_cast<int>(random.upto(INT32_MAX)),
                    given::any_limit(random),
                    random.text(100),
                    {}};
  for (std::uint64_t left = random.upto(20); left > 0; --left)
    report.last_attempts.push_back({static_cast<int>(random.upto(1'000)), random.coin(), given::any_amount(random),
                                    given::any_limit(random), random.text(20), random.text(12)});
  return report;
}

Result any_result(given::Random& random, std::size_t number) {
  switch (number) {
    case 0: return any_history(random);
    case 1: return any_decline(random);
    case 2: {
      auto record = std::make_shared<const Record>(given::any_record(random, random.one_of(given::record_kinds)));
      return MoneyAnswer{std::move(record), static_cast<SagaState>(random.upto(5)), given::any_amount(random),
                         maybe_decline(random), random.coin()};
    }
    case 3: return KeyReused{{random.uuid()}};
    case 4: return NotNow{random.coin(), random.text(200)};
    default: return any_report(random);
  }
}

constexpr std::size_t requests = std::variant_size_v<Request>;
constexpr std::size_t results = std::variant_size_v<Result>;

RemoteMessage ask(given::Random& random, const Request& request) {
  return RemoteRequest{random.upto(UINT64_MAX), static_cast<std::uint8_t>(random.upto(255)),
                       static_cast<std::uint32_t>(random.upto(UINT32_MAX)), request};
}

/// One message of every kind, with a request and an answer of every kind in them.
std::vector<RemoteMessage> one_of_each(given::Random& random) {
  std::vector<RemoteMessage> messages;
  messages.reserve(requests + results + 5);
  for (std::size_t kind = 0; kind < requests; ++kind)
    messages.push_back(ask(random, any_request(random, kind)));
  for (std::size_t kind = 0; kind < results; ++kind)
    messages.emplace_back(RemoteAnswer{random.upto(UINT64_MAX), any_result(random, kind)});
  messages.emplace_back(
      RemoteNotOwner{random.upto(UINT64_MAX), any_shard(random), {random.uuid()}, random.upto(UINT64_MAX)});
  messages.emplace_back(CreditAsk{any_transaction(random),
                                  random.coin(),
                                  any_shard(random),
                                  any_shard(random),
                                  random.upto(UINT64_MAX),
                                  static_cast<int>(random.upto(INT32_MAX)),
                                  {}});
  messages.emplace_back(RemoteProof{any_shard(random),
                                    {random.uuid()},
                                    random.coin() ? Decision::credited : Decision::refused,
                                    maybe_decline(random)});
  messages.emplace_back(
      RemoteNoProof{any_shard(random), {random.uuid()}, static_cast<NoProofReason>(1 + random.upto(3))});
  messages.emplace_back(ShardGiven{any_shard(random), {random.uuid()}, random.upto(UINT64_MAX)});
  return messages;
}

/// Compares by value, whatever has no == of its own.
struct Same {
  bool operator()(const std::shared_ptr<const Transaction>& left,
                  const std::shared_ptr<const Transaction>& right) const {
    return left && right ? *left == *right : left == right;
  }

  bool operator()(const WalletChange& left, const WalletChange& right) const {
    if (const auto* name = std::get_if<ChangeName>(&left))
      return right.index() == left.index() && name->name == std::get<ChangeName>(right).name;
    if (const auto* limits = std::get_if<ChangeLimits>(&left))
      return right.index() == left.index() && limits->limits == std::get<ChangeLimits>(right).limits &&
             limits->only_tightens == std::get<ChangeLimits>(right).only_tightens;
    if (const auto* block = std::get_if<BlockCard>(&left))
      return right.index() == left.index() && block->card == std::get<BlockCard>(right).card;
    if (const auto* allow = std::get_if<AllowCard>(&left))
      return right.index() == left.index() && allow->card == std::get<AllowCard>(right).card;
    return left.index() == right.index();
  }

  bool operator()(const OpenWalletRequest& left, const OpenWalletRequest& right) const {
    return left.wallet == right.wallet && left.command.currency == right.command.currency &&
           left.command.name == right.command.name && left.command.limits == right.command.limits &&
           left.command.owner == right.command.owner;
  }
  bool operator()(const ChangeWalletRequest& left, const ChangeWalletRequest& right) const {
    return left.wallet == right.wallet && std::ranges::equal(left.changes, right.changes, *this) &&
           left.on_behalf_of == right.on_behalf_of;
  }
  bool operator()(const MoveMoneyRequest& left, const MoveMoneyRequest& right) const {
    return (*this)(left.transaction, right.transaction) && left.stamp == right.stamp &&
           left.on_behalf_of == right.on_behalf_of;
  }
  bool operator()(const ProviderWordRequest& left, const ProviderWordRequest& right) const {
    return left.saga == right.saga && left.source_shard == right.source_shard && left.outcome == right.outcome &&
           left.reason == right.reason && left.known == right.known;
  }
  bool operator()(const ReadWalletRequest& left, const ReadWalletRequest& right) const {
    return left.wallet == right.wallet && left.strict == right.strict;
  }
  bool operator()(const SagaOrderRequest& left, const SagaOrderRequest& right) const {
    return left.saga == right.saga && left.source_shard == right.source_shard && left.order == right.order;
  }

  bool operator()(const WalletHistory& left, const WalletHistory& right) const { return left == right; }
  bool operator()(const Decline& left, const Decline& right) const { return left == right; }
  bool operator()(const MoneyAnswer& left, const MoneyAnswer& right) const {
    Record record = *right.record;
    record.transaction = left.record->transaction;
    return (*this)(left.record->transaction, right.record->transaction) && *left.record == record &&
           left.state == right.state && left.completed_at_ms == right.completed_at_ms &&
           left.refusal == right.refusal && left.replayed == right.replayed;
  }
  bool operator()(const KeyReused& left, const KeyReused& right) const { return left.original == right.original; }
  bool operator()(const NotNow& left, const NotNow& right) const {
    return left.may_be_applied == right.may_be_applied && left.reason == right.reason;
  }
  bool operator()(const SagaReport& left, const SagaReport& right) const { return left == right; }

  template <class... Kinds>
  bool operator()(const std::variant<Kinds...>& left, const std::variant<Kinds...>& right) const {
    const auto equals = [&](const auto& value) {
      return (*this)(value, std::get<std::decay_t<decltype(value)>>(right));
    };
    return left.index() == right.index() && std::visit(equals, left);
  }

  bool operator()(const RemoteRequest& left, const RemoteRequest& right) const {
    return left.correlation == right.correlation && left.hops == right.hops &&
           left.remaining_ms == right.remaining_ms && (*this)(left.request, right.request);
  }
  bool operator()(const RemoteAnswer& left, const RemoteAnswer& right) const {
    return left.correlation == right.correlation && (*this)(left.result, right.result);
  }
  bool operator()(const RemoteNotOwner& left, const RemoteNotOwner& right) const {
    return left.correlation == right.correlation && left.shard == right.shard && left.owner == right.owner &&
           left.epoch == right.epoch;
  }
  bool operator()(const CreditAsk& left, const CreditAsk& right) const {
    return (*this)(left.transaction, right.transaction) && left.cancel == right.cancel &&
           left.source_shard == right.source_shard && left.destination_shard == right.destination_shard &&
           left.source_epoch == right.source_epoch && left.attempt == right.attempt && left.asker == right.asker;
  }
  bool operator()(const RemoteProof& left, const RemoteProof& right) const {
    return left.source_shard == right.source_shard && left.saga == right.saga && left.outcome == right.outcome &&
           left.reason == right.reason;
  }
  bool operator()(const RemoteNoProof& left, const RemoteNoProof& right) const {
    return left.source_shard == right.source_shard && left.saga == right.saga && left.reason == right.reason;
  }
  bool operator()(const ShardGiven& left, const ShardGiven& right) const {
    return left.shard == right.shard && left.owner == right.owner && left.epoch == right.epoch;
  }
};

constexpr Same same{};

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (char byte : bytes)
    text += {digits[byte >> 4 & 15], digits[byte & 15]};
  return text;
}

/// A damaged frame is read as some message or refused; nothing else may happen. Whether it was read.
bool read_damaged(std::string_view frame) {
  try {
    return decode_remote(frame).index() < std::variant_size_v<RemoteMessage>;
  } catch (const Unreadable&) {
    return false;
  }
}

}  // namespace

TEST_CASE("every message between nodes arrives as it was sent") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    given::Random random(seed);
    for (const RemoteMessage& message : one_of_each(random)) {
      CAPTURE(seed, message.index());
      CHECK(same(message, decode_remote(encode(message))));
    }
  }
}

TEST_CASE("a message that was cut short anywhere is refused, and so is one with more behind it") {
  given::Random random(31);
  for (const RemoteMessage& message : one_of_each(random)) {
    const std::string frame = encode(message);
    CAPTURE(message.index(), frame.size());
    for (std::size_t size = 0; size < frame.size(); ++size)
      REQUIRE_THROWS_AS(decode_remote(std::string_view{frame}.substr(0, size)), Unreadable);
    CHECK_THROWS_AS(decode_remote(frame + '\0'), Unreadable);
  }
}

TEST_CASE("a message with any byte changed is read or refused, and nothing else happens") {
  given::Random random(32);
  std::size_t read = 0;
  for (const RemoteMessage& message : one_of_each(random)) {
    const std::string whole = encode(message);
    for (std::size_t at = 0; at < whole.size(); ++at)
      for (int value : {0x00, 0x01, 0x7F, 0x80, 0xFF, static_cast<int>(random.upto(255))}) {
        std::string frame = whole;
        frame[at] = static_cast<char>(value);
        read += read_damaged(frame) ? 1 : 0;
      }
  }
  CHECK(read > 0);
}

TEST_CASE("a hundred thousand frames of noise are read or refused, and nothing else happens") {
  given::Random random(33);
  std::size_t read = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string frame = random.text(120);
    if (!frame.empty())
      frame[0] = static_cast<char>(random.upto(8));
    read += read_damaged(frame) ? 1 : 0;
  }
  CHECK(read > 0);
}

TEST_CASE("a frame that promises more than it holds is refused before anything is set aside for it") {
  // An answer "not now" whose sentence is said to be 2^60 bytes long.
  std::string frame = encode(RemoteAnswer{1, NotNow{false, ""}});
  frame.back() = '\x80';
  frame += "\x80\x80\x80\x80\x80\x80\x80\x10";
  CHECK_THROWS_AS(decode_remote(frame), Unreadable);
}

TEST_CASE("numbers that mean nothing here are refused") {
  const auto refused = [](const RemoteMessage& message, std::size_t at, char value) {
    std::string frame = encode(message);
    frame.at(at) = value;
    CHECK_THROWS_AS(decode_remote(frame), Unreadable);
  };
  refused(ShardGiven{}, 0, 0);
  refused(ShardGiven{}, 0, 8);
  refused(RemoteNoProof{}, 18, 0);
  refused(RemoteNoProof{}, 18, 5);
  refused(RemoteProof{0, {}, Decision::refused, {}}, 18, 0);
  refused(RemoteProof{0, {}, Decision::refused, {}}, 18, 3);
  refused(RemoteAnswer{0, Decline::cancelled}, 10, 0);
  refused(RemoteAnswer{0, Decline::cancelled}, 10, 31);
  refused(RemoteAnswer{0, Decline::cancelled}, 9, 9);
  refused(RemoteRequest{0, 0, 0, ReadWalletRequest{}}, 11, 6);
  refused(RemoteRequest{0, 0, 0, ReadWalletRequest{}}, 28, 2);
  refused(RemoteRequest{0, 0, 0, SagaOrderRequest{}}, 29, 7);
}

TEST_CASE("what a node may be asked to carry for another fits into a frame") {
  // The most that the HTTP front lets in: 500 characters of up to four bytes, and 4 kB of metadata.
  auto largest = std::make_shared<Transaction>(*given::transfer(1, 1));
  largest->description.assign(500UL * 4, 'd');
  largest->metadata.assign(4'096, 'm');
  CHECK(encode(RemoteRequest{1, 1, 5'000, MoveMoneyRequest{largest, {}}}).size() < 7'000);
  CHECK(encode(CreditAsk{largest, false, 0, 0, 0, 1, {}}).size() < 7'000);
  Record record = given::money_record(RecordKind::transfer, largest);
  CHECK(encode(RemoteAnswer{1, MoneyAnswer{std::make_shared<const Record>(record)}}).size() < 7'000);
}

TEST_CASE("a wallet with ten thousand holds is shown through another node, without them") {
  WalletHistory history{given::wallet(100'000), 10'001, {}};
  for (std::uint64_t number = 1; number <= 10'000; ++number)
    history.wallet = given::with_hold(std::move(history.wallet), number, 1);
  const std::string frame = encode(RemoteAnswer{1, history});
  CHECK(frame.size() < 1'000);
  const auto answer = std::get<RemoteAnswer>(decode_remote(frame));
  const Wallet& shown = std::get<WalletHistory>(answer.result).wallet;
  CHECK(shown.available == 90'000);
  CHECK(shown.held == 10'000);
  CHECK(shown.holds.empty());
}

TEST_CASE("nodes of different builds speak the same bytes") {
  // If this fails, nodes of two builds misread each other during a rolling restart: take new numbers for new things.
  const auto is_written = [](const RemoteMessage& message, std::string expected) {
    std::erase(expected, ' ');
    CHECK(hex(encode(message)) == expected);
  };
  // Kind, correlation, hops, 5,000 ms left, to move money; id, a top-up, rupiah, 12,500, from outside, to, by bri, no
  // description, no metadata; the key and the fingerprint.
  const Stamp stamp{{given::uuid(77)}, 0x0123456789ABCDEF};
  is_written(RemoteRequest{0x0102030405060708, 1, 5'000, MoveMoneyRequest{given::topup(1, 12'500), stamp}},
             "01 0102030405060708 01 8827 03 000000000000700080000000000f4241 01 e802 a8c301 "
             "00000000000000000000000000000000 00000000000070008000000000000002 03627269 00 00 "
             "0000000000007000800000000000004d 0123456789abcdef");
  is_written(RemoteRequest{7, 0, 0, SagaOrderRequest{{given::uuid(3)}, 63, SagaOrder::resume}},
             "01 0000000000000007 00 00 05 00000000000070008000000000000003 3f 04");
  is_written(
      RemoteRequest{7, 0, 0,
                    ProviderWordRequest{{given::uuid(3)}, 63, Decision::credited, Decline::provider_refused, true}},
      "01 0000000000000007 00 00 06 00000000000070008000000000000003 3f 01 01 16 01");
  is_written(RemoteAnswer{7, NotNow{true, "later"}}, "02 0000000000000007 05 01 05 6c61746572");
  is_written(RemoteNotOwner{7, 63, {given::uuid(3)}, 9},
             "03 0000000000000007 3f 00000000000070008000000000000003 0000000000000009");
  is_written(CreditAsk{given::transfer(1, 12'500), true, 5, 200, 9, 2, {}},
             "04 000000000000700080000000000f4241 02 e802 a8c301 00000000000070008000000000000001 "
             "00000000000070008000000000000002 00 00 00 01 05 c801 0000000000000009 02");
  is_written(RemoteProof{63, {given::uuid(3)}, Decision::refused, Decline::cancelled},
             "05 3f 00000000000070008000000000000003 02 01 0f");
  is_written(RemoteNoProof{63, {given::uuid(3)}, NoProofReason::no_owner}, "06 3f 00000000000070008000000000000003 04");
  is_written(ShardGiven{63, {given::uuid(3)}, 9}, "07 3f 00000000000070008000000000000003 0000000000000009");
}
