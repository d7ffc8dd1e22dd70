#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/load/random.hpp"
#include "cli/load/request_template.hpp"
#include "cli/load/wallets.hpp"
#include "cli/load/workload.hpp"

namespace dompet::cli {

/// Which wallets pay which. With `hot == 0` both sides are any two different wallets; otherwise one side is among
/// the first `hot` wallets and the other among the rest.
struct PairChoice {
  std::uint32_t hot = 0;
  bool hot_side_pays = false;
};

/// Chooses (source, destination) as indexes into the wallet book; never the same wallet twice.
class Pairs {
 public:
  Pairs(PairChoice choice, std::uint32_t wallets, std::uint64_t seed);
  std::pair<std::uint32_t, std::uint32_t> next();

 private:
  PairChoice choice_;
  std::uint32_t wallets_;
  Random random_;
};

/// A request that the server acknowledged, kept to be sent again.
struct Acknowledged {
  std::string request;
  int status = 0;
  std::string body;
};

/// One transfer a request: `POST /v1/transfers`. Keeps a fair sample of the acknowledged ones.
class TransferWorkload : public Workload {
 public:
  TransferWorkload(const RequestTemplate::Common& common, const WalletBook& book, PairChoice choice, std::uint64_t run,
                   std::size_t keep);

  bool next(Shot& shot) override;
  void answered(const Shot& shot, const Response& response, Verdicts& verdicts) override;

  const std::vector<Acknowledged>& kept() const { return kept_; }

 private:
  void keep(const Shot& shot, const Response& response);

  RequestTemplate template_;
  std::size_t key_at_;
  std::size_t source_at_;
  std::size_t destination_at_;
  std::size_t amount_at_;
  const WalletBook& book_;
  Pairs pairs_;
  Random random_;
  std::uint64_t run_;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::size_t keep_;
  std::vector<Acknowledged> kept_;
};

/// Many transfers a request: `POST /v1/transfers/bulk`, each item with a key of its own.
class BulkWorkload : public Workload {
 public:
  BulkWorkload(const RequestTemplate::Common& common, const WalletBook& book, PairChoice choice, std::uint64_t run,
               std::uint32_t size);

  bool next(Shot& shot) override;
  void answered(const Shot& shot, const Response& response, Verdicts& verdicts) override;
  std::uint32_t operations_per_request() const override { return size_; }

 private:
  std::uint32_t size_;
  RequestTemplate template_;
  std::vector<std::size_t> keys_at_;
  std::vector<std::size_t> sources_at_;
  std::vector<std::size_t> destinations_at_;
  std::vector<std::size_t> amounts_at_;
  const WalletBook& book_;
  Pairs pairs_;
  Random random_;
  std::uint64_t run_;
  std::uint64_t sent_ = 0;
};

/// Balance reads: `GET /v1/wallets/{id}` of any wallet.
class ReadWorkload : public Workload {
 public:
  ReadWorkload(const RequestTemplate::Common& common, const WalletBook& book, std::uint64_t run);

  bool next(Shot& shot) override;
  void answered(const Shot& shot, const Response& response, Verdicts& verdicts) override;

 private:
  RequestTemplate template_;
  std::size_t wallet_at_;
  const WalletBook& book_;
  Random random_;
};

/// Counts the items of a bulk answer `{"data": [{"status": …, …}, …]}` by their own `status`, be it a number (an HTTP
/// status) or a word (`completed`, `pending`, `authorized`, `declined`; anything else is `other`). Looks only at
/// members of the items themselves, not at what is nested in them. Returns how many items it saw.
std::uint32_t count_bulk_items(std::string_view body, Verdicts& verdicts);

}  // namespace dompet::cli
