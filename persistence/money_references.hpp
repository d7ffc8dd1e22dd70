#pragma once

#include <vector>

#include "persistence/reference_store.hpp"

namespace dompet {

// What keeps reference data from being deleted for good: money that moved, which nobody ever deletes. Each looks at one
// database of the ledger.

/// Of these rows those whose `wallet_id` is a wallet that money went through: cards, merchants.
std::vector<Uuid> rows_with_money(Reader& reader, const std::vector<ReferenceRow>& rows);

/// Of these users those who own a wallet.
std::vector<Uuid> users_with_wallets(Reader& reader, const std::vector<ReferenceRow>& users);

}  // namespace dompet
