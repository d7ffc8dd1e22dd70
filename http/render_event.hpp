#pragma once

#include <string>

#include "events/event.hpp"

namespace dompet::http {

/// An event as clients of all outlets get it, with the transaction as GET /v1/transactions/{id} writes it: as it stood
/// after the record, not as it stands now. Pure: the same event gives the same bytes.
std::string render_event(const events::Event& event);

}  // namespace dompet::http
