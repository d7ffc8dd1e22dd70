#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "tests/actor/clients.hpp"
#include "tests/actor/ledger_checker.hpp"
#include "tests/actor/world.hpp"

namespace dompet::simulated {

/// One random life of a node, wholly given by its seed: wallets and clients that move money, repeat themselves and ask
/// for balances, while commits fail or get lost, wallets crash, the process is killed and time jumps. The rules of the
/// ledger are checked after every message; at the end everything is healed, and what was promised must be there.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, Flaw flaw = Flaw::none);

  /// The rule that was broken, as a sentence; nothing when all held.
  std::optional<std::string> run();

  /// How much happened, to see that it is not nothing.
  struct Tally {
    int steps = 0;
    int done = 0;
    int declined = 0;
    int replayed = 0;
    int not_now = 0;
    int kills = 0;
    std::uint64_t resets = 0;
    std::uint64_t crashes = 0;
    int authorized = 0;
    int captured = 0;
    int refunded = 0;
    int withdrawn = 0;
    int converted = 0;
    int billed = 0;
    std::uint64_t expired = 0;
    std::uint64_t contradictions = 0;
    int orders = 0;
    int approved = 0;
    int rejected = 0;
    int blocked = 0;
  };
  Tally tally() const;

 private:
  void live();
  void open_wallets();
  void act();
  void act_as_client();
  void act_as_fate();
  void run_steps(int most);
  void check_once();

  void break_commit();
  void crash_wallet();
  void vex_by_provider();
  void act_as_officer();
  SimulatedProvider::Manners drawn_manners();
  void kill_and_start();
  void let_time_pass();

  void heal();
  void come_to_rest();
  void end_all_payments();
  void ask_all_keys_again();
  void compare_balances();
  void check_nothing_is_stuck();

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_()) % bound; }
  bool chance(int percent) { return static_cast<int>(below(100)) < percent; }

  std::mt19937_64 random_;
  Flaw flaw_;
  EngineSettings settings_;
  SimulatedLedger ledger_;
  LedgerChecker checker_;
  World world_;
  /// Chances in percent, drawn once a life: a calm one, a stormy one.
  int fate_percent_;
  int kill_percent_;
  bool mixes_paths_;
  Clients clients_;
  /// A wallet that crashes takes the requests in its mailbox with it.
  bool wallets_may_have_crashed_ = false;
  Tally tally_{};
};

}  // namespace dompet::simulated
