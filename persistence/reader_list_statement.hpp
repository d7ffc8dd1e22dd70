#pragma once

#include <functional>
#include <string>
#include <vector>

#include "persistence/reader_rows.hpp"

namespace dompet {

// The statements behind the list of transactions, one per page or part of it.

/// Whose wallets' list it is: one wallet, all wallets of an owner, or none for the whole ledger.
using Wallets = std::vector<WalletId>;

/// Open and failed ones are few and all have a saga row.
bool in_few_sagas(const TransactionFilter& filter);

/// The kinds of records at which a listed transaction of this filter can stand; none when it finds nothing.
std::vector<int> kinds_of(const TransactionFilter& filter);

/// Builds the statement for one page or a part of it: at most `limit` rows, strictly before a place.
///
/// Each row has `transaction_columns()`, then at `place_column` where it stands: in a wallet's list the wallet's seq,
/// in an owner's milliseconds since 1970, elsewhere how many records were looked through; then the id of the record
/// that stands there, its wallet, and that wallet's seq. The first columns are those of the record that began it.
class ListStatement {
 public:
  using Here = std::function<std::string(const std::string& column)>;
  static constexpr int place_column = transaction_width;
  static constexpr int id_column = transaction_width + 1;
  static constexpr int wallet_column = transaction_width + 2;
  static constexpr int seq_column = transaction_width + 3;

  /// `here(column)` is " AND …" where other databases have a part of the ledger, empty where there is none.
  ListStatement(const TransactionFilter& filter, Wallets wallets, const TransactionCursor& before, int limit,
                int window, Here here);

  std::string sql();
  const Parameters& parameters() const { return parameters_; }

 private:
  template <class Value>
  std::string bind(const Value& value) {
    return parameters_.add(value).last();
  }
  std::string times(const std::string& unless);
  std::string money(const std::string& table, const std::string& unless);
  std::string of_all();
  std::string of_sagas();
  std::string of_wallet();
  std::string of_owner();
  std::string legs(const std::string& wallet, const std::string& before, const std::string& declined_before);
  std::string beginning() const;

  const TransactionFilter& filter_;
  Wallets wallets_;
  TransactionCursor before_;
  std::string limit_;
  int window_;
  Here here_;
  std::string kinds_{};
  Parameters parameters_{};
};

}  // namespace dompet
