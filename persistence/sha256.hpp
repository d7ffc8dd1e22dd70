#pragma once

#include <string_view>

#include "domain/record.hpp"

namespace dompet {

Digest sha256(std::string_view bytes);

}  // namespace dompet
