#pragma once

#include <cstdint>
#include <string>

#include "actors/engine.hpp"

namespace dompet::http {

/// The cluster as this node sees it.
std::string render_cluster(const ClusterView& view, std::int64_t now_ms);

}  // namespace dompet::http
