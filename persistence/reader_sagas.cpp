#include "persistence/saga_rows.hpp"

namespace dompet {

std::vector<SagaListing> Reader::open_sagas(Shard shard) {
  static const std::string sql = "SELECT " + saga_table_columns() +
                                 " FROM saga s WHERE s.source_shard = $1 AND s.state IN " +
                                 std::string{open_saga_states} + " ORDER BY s.id";
  std::vector<SagaListing> open;
  session_->ask_prepared(sql, Parameters{}.add(shard)).each([&](const Row& row) { open.push_back(saga_of(row)); });
  return open;
}

std::optional<SagaListing> Reader::saga(const TransactionId& id) {
  const Rows rows = session_->ask_prepared("SELECT " + saga_table_columns() + " FROM saga s WHERE s.id = $1" +
                                               session_->only_here("s.source_shard"),
                                           Parameters{}.add(id.uuid));
  return rows.empty() ? std::nullopt : std::optional{saga_of(rows[0])};
}

}  // namespace dompet
