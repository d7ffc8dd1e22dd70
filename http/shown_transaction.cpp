#include "http/shown_transaction.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "http/access/access.hpp"
#include "http/answers.hpp"
#include "http/gather.hpp"

namespace dompet::http {

namespace {

using Stored = std::shared_ptr<const StoredTransaction>;
using Then = std::function<void(const StoredTransaction& stored)>;

/// What takes its steps one by one may have gone on in the database that its shard moved to.
bool is_left_behind(Reader& reader, const StoredTransaction& stored) {
  return reader.is_one_of_several() && stored.record.kind == RecordKind::hold_placed &&
         !std::ranges::binary_search(reader.shards_here(), stored.record.shard);
}

Stored find(Reader& reader, const TransactionId& id) {
  auto stored = reader.shown_transaction(id);
  if (!stored || !stored->record.transaction || is_left_behind(reader, *stored))
    return nullptr;
  return std::make_shared<const StoredTransaction>(std::move(*stored));
}

void refuse_unseen(const ExchangePtr& exchange) { refuse(exchange, {.code = "transaction_not_found"}); }

/// Looks at the owners of the wallets that are left, one after the other; goes on at the first that is the caller's.
void with_party(Services& services, const ExchangePtr& exchange, const Stored& stored, std::vector<WalletId> wallets,
                Then then) {
  std::erase(wallets, WalletId{});
  if (wallets.empty())
    return refuse_unseen(exchange);
  const WalletId wallet = wallets.back();
  wallets.pop_back();
  services.ask.ask(ReadWalletRequest{wallet, false}, [&services, exchange, stored, wallets = std::move(wallets),
                                                      then = std::move(then)](const Reply& reply) {
    const auto* history = reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
    const bool is_there = reply.result != nullptr && !std::holds_alternative<NotNow>(*reply.result);
    if (!is_there)
      return refuse(exchange, problem_of(reply, false));
    if (history != nullptr && may_touch(*exchange, history->wallet.owner.uuid))
      return then(*stored);
    with_party(services, exchange, stored, wallets, then);
  });
}

void with_seen(Services& services, const ExchangePtr& exchange, const Stored& stored, Then then) {
  const Transaction& transaction = *stored->record.transaction;
  const Caller& caller = exchange->caller;
  if (exchange->grant == Grant::any)
    return then(*stored);
  if (caller.kind == Caller::Kind::merchant) {
    const bool is_own = transaction.merchant.uuid == caller.merchant || transaction.source == caller.wallet ||
                        transaction.destination == caller.wallet;
    return is_own ? then(*stored) : refuse_unseen(exchange);
  }
  with_party(services, exchange, stored, {transaction.source, transaction.destination}, std::move(then));
}

}  // namespace

void with_shown_transaction(Services& services, const ExchangePtr& exchange, Then then) {
  const auto id = captured_id(exchange);
  if (!id)
    return;
  gather<Stored>(
      services, exchange, [id = TransactionId{*id}](Reader& reader) { return find(reader, id); },
      [&services, exchange, then = std::move(then)](Parts<Stored> parts) {
        for (const auto& part : parts)
          if (part && *part)
            return with_seen(services, exchange, *part, then);
        for (std::size_t database = 0; database < parts.size(); ++database)
          if (!parts[database])
            return refuse(exchange, services.engine.databases() == 1
                                        ? Problem{.code = "unavailable", .detail = "The database cannot answer now."}
                                        : database_silent(static_cast<int>(database)));
        refuse_unseen(exchange);
      });
}

}  // namespace dompet::http
