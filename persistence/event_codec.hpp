#pragma once

#include <string>
#include <string_view>

#include "domain/event.hpp"

namespace dompet {

/// Appends the event's tag and fields. The transaction's id is the row's, so it is not repeated.
void encode_event(std::string& out, const Event& event);

/// Reads an event at the front of `bytes` and says how many bytes it took. `transaction` is the row's id.
/// Throws Unreadable.
Event decode_event(std::string_view bytes, const TransactionId& transaction, std::size_t& taken);

}  // namespace dompet
