#include "providers/simulator_book.hpp"

#include "persistence/session.hpp"

namespace dompet {

namespace {

/// One statement, so that two nodes that are asked at the same time say the same. Whoever comes second waits for the
/// first one's row and takes it as it is.
constexpr const char* decide_sql =
    "INSERT INTO simulator_order AS o (transaction_id, kind, amount, currency, moved) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (transaction_id) DO UPDATE SET went_back = o.went_back OR ($6 AND o.moved AND o.kind = 1)"
    " RETURNING o.moved AND NOT o.went_back";

}  // namespace

SimulatorBook::SimulatorBook(std::string database)
    : session_(std::make_unique<SqlSession>(SessionSettings{.database = std::move(database),
                                                            .application_name = "dompet/provider simulator",
                                                            .statement_timeout_ms = 5'000,
                                                            .read_only = false,
                                                            .replaces_broken = true})) {}

SimulatorBook::~SimulatorBook() = default;

bool SimulatorBook::decide(const ProviderOrder& order, bool refuses) {
  const auto text = [](bool value) { return std::string{value ? "true" : "false"}; };
  const Rows rows = session_->ask_prepared(decide_sql, Parameters{}
                                                           .add(order.id.uuid)
                                                           .add(static_cast<std::int64_t>(order.kind))
                                                           .add(order.amount)
                                                           .add(std::int64_t{order.currency.numeric})
                                                           .add(text(!order.cancel && !refuses))
                                                           .add(text(order.cancel)));
  return rows[0].is_true(0);
}

}  // namespace dompet
