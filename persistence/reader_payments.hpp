#pragma once

#include <map>
#include <vector>

#include "persistence/reader.hpp"
#include "persistence/session.hpp"

namespace dompet {

// Payments are not stored: they are what their records add up to (domain/payment.hpp). Shared by the reader's files.

/// Every record that this database has of each payment: its own, and those that name it as their parent. Two index
/// scans for all of them; payments without a record are left out.
std::map<TransactionId, std::vector<Record>> records_of_payments(SqlSession& session,
                                                                 const std::vector<TransactionId>& payments);

/// Writes into a payment what its records add up to, and of one with manual capture how far it is.
void fill_payment(StoredTransaction& payment, const std::vector<Record>& records);

}  // namespace dompet
