#pragma once

#include <stdexcept>

#include "config/settings.hpp"
#include "domain/risk.hpp"

namespace dompet {

/// Why the server cannot start, as a whole sentence.
struct CannotStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Of how many shards the ledger is, which was fixed when it was made. Throws `CannotStart` when one of the databases
/// lacks a migration or, in profile production, could lose a commit. Numbers databases that are new.
Shard check_databases(const Settings& settings);

/// Nobody could do anything without an administrator: makes the first one as the settings say. Throws `CannotStart`
/// when there is none and profile production is to be served.
void check_administrator(const Settings& settings);

/// DOMPET_TEST_WITHOUT_ACCESS, a switch for measurements: every request is an administrator's. Throws `CannotStart` in
/// profile production.
void read_test_switch(Settings& settings);

/// The rules as they are now: nothing is moved before it is known by which.
RiskRulesPtr read_risk_rules(const Settings& settings);

}  // namespace dompet
