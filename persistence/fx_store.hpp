#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.hpp"
#include "domain/rate_table.hpp"
#include "domain/record.hpp"

namespace dompet {

class Reader;
class SqlSession;

/// A row of the history of rates.
struct StoredRate {
  std::uint64_t number = 0;
  RateRow row{};
  std::string who{};
  std::int64_t written_at_ms = 0;
};

/// A promise to convert one amount once. Times are milliseconds since 1970 by the database's clock.
struct FxQuote {
  QuoteId id{};
  /// Whose it is, as idempotency keys know him.
  std::string client{};
  Currency from{};
  Minor amount = 0;
  Currency to{};
  Minor converted = 0;
  UsedRate rate{};
  std::int64_t made_at_ms = 0;
  std::int64_t expires_at_ms = 0;
  bool is_used = false;
  bool is_expired = false;
};

/// What a money request that names a quote may do with it.
enum class QuoteFault : std::uint8_t {
  none,
  /// There is none, or it is another's.
  not_found,
  /// It is for another amount or currency.
  mismatch,
  used,
  expired,
};

struct ClaimedQuote {
  QuoteFault fault = QuoteFault::none;
  /// There whenever the caller may know of it.
  std::optional<FxQuote> quote{};
};

/// Rates and quotes, in the tables of 0010_fx of database 0. Uses a reader's session, on its thread; throws what that
/// throws.
class FxStore {
 public:
  explicit FxStore(Reader& reader);

  /// Grows with every rate that is added; cheap to ask.
  std::uint64_t last_number();
  std::vector<RateRow> newest();
  /// Puts them into the history, all or none; what its source said for the same time before is left out. Says how
  /// many were added. All nodes hear of it.
  int add(const std::vector<RateRow>& rows, const std::string& who);
  /// Newest first; below `before` when it is not zero.
  std::vector<StoredRate> history(const std::optional<Currency>& base, const std::optional<Currency>& quote,
                                  std::uint64_t before, int limit);

  /// Keeps it for so long from now on, and fills in its times.
  void keep(FxQuote& quote, std::int64_t lifetime_ms);
  std::optional<FxQuote> quote(const QuoteId& id, const std::string& client);
  /// Whoever asks with the key that used it first, for the same request, has it again, for as long again as it was
  /// valid: then a request that got no answer is not to be carried out any more. Keys are unique in a database only, so
  /// the request's fingerprint belongs to the claim: of two requests with one key, in two databases, one has the quote.
  ClaimedQuote claim(const QuoteId& id, const std::string& client, const Money& asked, const KeyId& key,
                     std::uint64_t fingerprint);
  /// Forgets quotes that ended longer ago than any key is kept.
  void sweep();

 private:
  SqlSession& session_;
};

}  // namespace dompet
