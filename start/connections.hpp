#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/engine.hpp"
#include "actors/risk_watch.hpp"
#include "config/settings.hpp"
#include "exchange/rate_watch.hpp"
#include "http/access/identity.hpp"
#include "notices/sender.hpp"
#include "persistence/movement_projector.hpp"
#include "persistence/reader.hpp"
#include "providers/bill_sweep.hpp"
#include "webhooks/sender.hpp"

namespace dompet {

// How each part of the process reaches the databases: which of them, under which name, and how long it waits.

/// By number: the first holds the table of nodes and all that is not the ledger's.
std::vector<std::string> database_urls(const Settings& settings);

/// `purpose` is a word of the name that the database shows for the session: dompet/<node>/<purpose>.
ReaderSettings reader_settings(const Settings& settings, const std::string& url, const std::string& purpose);

/// What the engine works on, one for each database.
std::vector<DatabaseAccess> engine_access(const Settings& settings, const Incarnation& incarnation);
/// This process among the nodes. `predecessor` is the incarnation that had its directory before; empty when none had.
Member member(const Settings& settings, const Incarnation& incarnation, const std::string& predecessor);

http::IdentityDatabase identity_database(const Settings& settings);
RiskWatchSettings risk_watch_settings(const Settings& settings);
std::vector<ProjectorSettings> projector_settings(const Settings& settings);
std::vector<BillSweep::MakeReader> bill_readers(const Settings& settings);
RateSources rate_sources(const Settings& settings);
WebhookDatabase webhook_database(const Settings& settings);
MailDatabase mail_database(const Settings& settings);

}  // namespace dompet
