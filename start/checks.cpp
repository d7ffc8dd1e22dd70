#include "start/checks.hpp"

#include "config/logging.hpp"
#include "persistence/administrator.hpp"
#include "persistence/database_number.hpp"
#include "persistence/migrator.hpp"
#include "persistence/risk_store.hpp"
#include "start/connections.hpp"

namespace dompet {

namespace {

void check_schema(const std::string& database) {
  for (const MigrationStatus& migration : Migrator(database).status()) {
    if (migration.unknown)
      throw CannotStart("The database has migration " + migration.name +
                        ", which this program does not know; run a newer dompetd.");
    if (migration.changed)
      throw CannotStart("The database has another text of migration " + migration.name +
                        " than this program; find out which of the two is right (`dompetctl migrate status`).");
    if (migration.applied_at.empty())
      throw CannotStart("The database lacks migration " + migration.name + "; run `dompetctl migrate up`.");
  }
}

void check_durability(Reader& reader, Profile profile) {
  for (const std::string& fault : reader.durability_faults()) {
    if (profile == Profile::production)
      throw CannotStart("The database could lose a commit: " + fault +
                        ". Set it right, or set profile to development where money does not matter.");
    log_event(LogLevel::warning, "the database could lose a commit", {{"fault", fault}});
  }
}

}  // namespace

Shard check_databases(const Settings& settings) {
  const std::vector<std::string> urls = database_urls(settings);
  for (const std::string& url : urls) {
    check_schema(url);
    Reader reader(reader_settings(settings, url, "start"));
    check_durability(reader, settings.profile);
  }
  const Shard shard_count = Reader(reader_settings(settings, urls.front(), "start")).shard_count();
  for (std::size_t number = urls.size(); number-- > 0;)
    number_database(urls[number], static_cast<int>(number), shard_count);
  return shard_count;
}

void check_administrator(const Settings& settings) {
  Reader reader(reader_settings(settings, settings.database.url, "start"));
  const AdministratorSettings& wanted = settings.administrator;
  if (has_administrator(reader))
    return;
  if (!wanted.email.empty()) {
    make_administrator(reader, wanted.email, wanted.password);
    log_event(LogLevel::info, "made the first administrator", {{"email", wanted.email}});
    return;
  }
  constexpr const char* advice = "There is no administrator; run `dompetctl init`, or set DOMPET_ADMIN_EMAIL and "
                                 "DOMPET_ADMIN_PASSWORD for the first start.";
  if (settings.profile == Profile::production && !settings.http.identity.without_access)
    throw CannotStart(advice);
  log_event(LogLevel::warning, advice, {});
}

void read_test_switch(Settings& settings) {
  const Environment environment = process_environment();
  const auto found = environment.find("DOMPET_TEST_WITHOUT_ACCESS");
  if (found == environment.end() || found->second != "1")
    return;
  if (settings.profile == Profile::production)
    throw CannotStart("DOMPET_TEST_WITHOUT_ACCESS opens everything to everybody; profile production does not know it.");
  settings.http.identity.without_access = true;
  log_event(LogLevel::warning, "every request is an administrator's: DOMPET_TEST_WITHOUT_ACCESS is set", {});
}

RiskRulesPtr read_risk_rules(const Settings& settings) {
  Reader reader(reader_settings(settings, settings.database.url, "start"));
  return std::make_shared<const RiskRules>(RiskRuleStore(reader).rules().rules);
}

}  // namespace dompet
