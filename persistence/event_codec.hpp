#pragma once

#include <string>
#include <string_view>

#include "domain/event.hpp"
#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"

namespace dompet {

/// Appends the event's tag and fields. The transaction's id is the row's, so it is not repeated.
void encode_event(std::string& out, const Event& event);

/// Reads an event at the front of `bytes` and says how many bytes it took. `transaction` is the row's id.
/// Throws Unreadable.
Event decode_event(std::string_view bytes, const TransactionId& transaction, std::size_t& taken);

// Snapshots have them too.
void put_spending(ByteWriter& out, const Spending& spending);
Spending read_spending(ByteReader<Unreadable>& in);
void put_invoice(ByteWriter& out, const InvoiceTerms& terms);
InvoiceTerms read_invoice(ByteReader<Unreadable>& in);

}  // namespace dompet
