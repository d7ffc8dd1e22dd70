#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/load/endpoint.hpp"
#include "cli/load/request_template.hpp"

namespace dompet::cli {

/// The wallets that a load moves money between.
struct WalletBook {
  std::string currency;
  std::vector<IdText> ids;
};

/// How to get them.
struct WalletWish {
  std::uint32_t count = 10'000;
  std::string currency = "IDR";
  std::string top_up = "10000000000";  ///< whole units, enough for minutes as the only source
  std::string method = "bri";          ///< of the top-up
  std::string file;                    ///< where to keep the ids for the next run; may be empty
  int connections = 32;
  bool talk = false;  ///< say on stderr what is being done
};

/// Opens wallets and tops each up, in parallel; or takes those of an earlier run from the file, when a sample of them
/// is still known to the server. Throws `std::runtime_error` when the server refuses.
WalletBook prepare_wallets(const Endpoint& endpoint, const RequestTemplate::Common& common, const WalletWish& wish);

}  // namespace dompet::cli
