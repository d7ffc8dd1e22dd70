#pragma once

#include <string>
#include <utility>

#include "cli/seed_client.hpp"

namespace dompet::cli {

/// A customer to try Dompet with, as the demo has him: an account, a card with a wallet that has some money, a
/// merchant of his that is open, and a wallet with dollars, some of which he changed. Each is looked for first, so that
/// a second run makes nothing.
class SeedAccount {
 public:
  /// `password` is what he gets when he is made; whom an earlier run made keeps his own.
  SeedAccount(SeedClient& client, std::string password) : client_(client), password_(std::move(password)) {}

  /// Prints how he logs in, and what is his. Throws std::runtime_error with a sentence.
  void make_and_print();

 private:
  void find_or_make_user();
  void find_or_make_card();
  void find_or_make_merchant();
  void find_or_make_dollars();
  void change_dollars(const std::string& dollars);

  SeedClient& client_;
  std::string password_;
  std::string user_{};
  std::string card_{};
  std::string wallet_{};
  std::string merchant_{};
};

}  // namespace dompet::cli
