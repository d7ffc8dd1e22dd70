#pragma once

#include <optional>
#include <string>
#include <vector>

#include "persistence/saga_inspector.hpp"

namespace dompet::http {

/// A statement that was looked up, and whether it is true.
struct ProvenFact {
  std::string fact{};
  bool holds = false;
  std::string detail{};
};

/// What the records of one transfer did to money, against what its state says.
struct Conservation {
  bool ok = false;
  Minor source_out = 0;
  Minor destination_in = 0;
  /// Of a converted transfer, whose destination gets another currency than leaves the source.
  std::optional<Currency> destination_currency{};
  Minor held = 0;
  std::string sentence{};
};

struct SagaProof {
  bool may_be_released = false;
  std::string sentence{};
  std::vector<ProvenFact> evidence{};
  Conservation conservation{};
};

/// May the hold be given back? Only if the destination's register says REFUSED (protocol 5.5). That no decision was
/// found is not a permission: a CREDIT may be on its way. `register_read`: whether the destination's database answered.
/// The story has a row.
SagaProof prove(const SagaStory& story, bool register_read);

}  // namespace dompet::http
