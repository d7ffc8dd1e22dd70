#pragma once

#include <string>

#include "persistence/codec.hpp"
#include "persistence/reader.hpp"
#include "persistence/session.hpp"

namespace dompet {

// How rows of the journal and of the tables beside it become values: shared by the reader's files, which are split
// by subject, and by the verifier. Every column name of the ledger that is read stands here or in a statement there.

class Reader::Session : public SqlSession {
 public:
  Session(SessionSettings settings, bool one_of_several)
      : SqlSession(std::move(settings)), one_of_several_(one_of_several) {}

  /// Asked once: it is frozen when a ledger is created.
  Shard shard_count();
  bool is_one_of_several() const { return one_of_several_; }
  /// " AND <column> is a shard that this database speaks for"; empty when it is the only one.
  std::string only_here(const std::string& column) const;

 private:
  bool one_of_several_;
  Shard shard_count_ = 0;
};

/// The shards that a database speaks for, as a subquery.
inline const std::string shards_here_sql =
    "(SELECT s.shard FROM shard s, ledger l WHERE s.database_id = l.database_id OR s.leaving)";

/// How many columns `journal_columns` names.
inline constexpr int journal_width = 17;

/// The journal's columns in the order that `journal_row` expects; `table` is the alias in the statement.
std::string journal_columns(const std::string& table = "j");

/// The states of sagas that are not over, as the indexes of open ones are declared with.
inline constexpr const char* open_saga_states = "(1, 2, 6)";

/// Milliseconds since 1970 of a timestamptz expression.
std::string milliseconds(const std::string& expression);

/// The smallest id that a transaction of this moment can have.
Uuid first_uuid_of(std::int64_t unix_ms);

/// Reads the columns that `journal_columns` named, the first of them at column `first`.
JournalRow journal_row(const Row& row, int first = 0);

/// The same, decoded. Throws Unreadable.
Record record_of(const Row& row, int first = 0);

/// A transaction's first record `j` with its saga and its decision, when it has them.
std::string transaction_columns();
inline constexpr const char* transaction_joins = " LEFT JOIN saga s ON s.id = j.id LEFT JOIN decision d ON d.id = j.id";
inline constexpr int transaction_width = journal_width + 3;

/// Reads what `transaction_columns` named. Throws Unreadable.
StoredTransaction stored_transaction(const Row& row);

/// Whether the row has a saga.
bool has_saga(const Row& row);

/// ISO 4217's numeric code as stored. Throws Unreadable for an unknown one.
Currency currency_of(std::int64_t numeric);

/// The record's leg on this wallet; nothing when it has none.
const Leg* leg_of(const Record& record, const WalletId& wallet);

}  // namespace dompet
