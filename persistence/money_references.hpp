#pragma once

#include <vector>

#include "persistence/reference_store.hpp"

namespace dompet {

// What keeps reference data from being deleted for good: records of money that name it, which nobody ever deletes. Each
// looks at one database of the ledger.

/// Of these cards those that a payment, or an attempt of one, names. Reads the wallet's history of one that none does.
std::vector<Uuid> cards_with_money(Reader& reader, const std::vector<ReferenceRow>& cards);
/// Of these merchants those that a payment names, be it only authorized; of declined ones what statistics have counted.
/// Of one that none names it reads the wallet's history, and every authorization.
std::vector<Uuid> merchants_with_money(Reader& reader, const std::vector<ReferenceRow>& merchants);

/// Of these users those who own a wallet.
std::vector<Uuid> users_with_wallets(Reader& reader, const std::vector<ReferenceRow>& users);

}  // namespace dompet
