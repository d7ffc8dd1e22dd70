#include "domain/record.hpp"

#include "domain/ensure.hpp"

namespace dompet {

std::string_view name_of(TransactionKind kind) {
  switch (kind) {
    case TransactionKind::topup: return "topup";
    case TransactionKind::transfer: return "transfer";
  }
  throw Bug("a transaction has a known kind");
}

}  // namespace dompet
