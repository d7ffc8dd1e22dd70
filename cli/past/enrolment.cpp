#include "cli/past/enrolment.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "domain/card_number.hpp"
#include "persistence/identity_store.hpp"
#include "persistence/session.hpp"
#include "persistence/user_rules.hpp"

namespace dompet::cli {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 3> card_types{"debit", "debit", "prepaid"};
/// As the route that issues cards has it.
constexpr int card_years = 4;
/// With so many tries a range must be all but used up before no number is found.
constexpr int most_draws = 10;
/// Of so many shops there is one merchant of each kind that sells nothing, and one at least.
constexpr std::size_t shops_an_idle_merchant = 10;

std::string iso_date(const year_month_day& date) {
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

year_month_day date_of(std::int64_t unix_ms) {
  return year_month_day{floor<days>(sys_time<milliseconds>{milliseconds{unix_ms}})};
}

/// The last day of the month that is printed on a card; a card that was over has been replaced since.
std::string expiry_of(std::int64_t made_ms, std::int64_t now_ms) {
  const year_month_day made = date_of(made_ms);
  auto expiry = (made.year() + years{card_years}) / made.month() / last;
  while (sys_days{expiry} < sys_days{date_of(now_ms)})
    expiry += years{card_years};
  return iso_date(expiry);
}

/// What the store dates with now is dated with the past, in the same transaction.
ReferenceGuard dated(const ReferenceTable& table, std::int64_t made_ms) {
  const std::string sql = "UPDATE " + std::string{table.name} +
                          " SET created_at = to_timestamp($2::bigint / 1000.0),"
                          " updated_at = to_timestamp($2::bigint / 1000.0) WHERE id = $1";
  return [sql, made_ms](SqlSession& session, const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    session.ask_prepared(sql, Parameters{}.add(row.id).add(made_ms));
    return std::nullopt;
  };
}

/// Throws when there is no row.
void require(const ReferenceOutcome<ReferenceRow>& made, const ReferenceTable& table, const std::string& name) {
  if (made)
    return;
  const ReferenceRefusal& refusal = made.error();
  throw std::runtime_error("the " + std::string{table.thing} + " " + name + " of the past cannot be made: " +
                           (refusal.fault == ReferenceFault::taken
                                ? "another one has the same " + std::string{refusal.column}
                                : "a row that it needs is missing, or " + refusal.detail));
}

bool all_permissions(const std::vector<std::string>& /*permissions*/) { return true; }

}  // namespace

std::string email_of(const Person& person) { return person.username + "@example.com"; }

struct Enrolment::Merchant {
  Uuid id{};
  const Person& owner;
  WalletId wallet{};
  std::string name{};
  std::string_view status{};
  std::int64_t made_ms = 0;
};

Enrolment::Enrolment(Reader& reader, const Vault& vault, const Cast& cast, std::int64_t end_ms, std::uint64_t seed)
    : reader_(reader), safe_(vault), cast_(cast), end_ms_(end_ms), random_(scatter(~seed)) {
  // Like the engine of the past: what a power failure costs is made again.
  reader_.session().run("SET synchronous_commit TO off");
}

std::optional<std::string> Enrolment::password_hash() {
  const auto first = IdentityStore(reader_).user(cast_.people.front().id.uuid);
  return first ? std::optional{first->password_hash} : std::nullopt;
}

Enrolled Enrolment::run(const std::string& password_hash) {
  Enrolled enrolled;
  for (std::size_t place = 0; place < cast_.people.size(); ++place) {
    enrolled.users += make_user(cast_.people[place], password_hash) ? 1 : 0;
    enrolled.cards += make_card(cast_.people[place], place) ? 1 : 0;
  }
  for (const Shop& shop : cast_.shops)
    make_merchant({shop.id.uuid, cast_.people[shop.owner], shop.wallet, shop.name, "active", shop.joined_ms}, enrolled);
  make_idle_merchants(enrolled);
  return enrolled;
}

bool Enrolment::make_user(const Person& person, const std::string& password_hash) {
  if (is_there(user_table, person.id.uuid))
    return false;
  const ReferenceValues values{
      {"username", person.username},    {"first_name", person.first_name},
      {"last_name", person.last_name},  {"email", email_of(person)},
      {"password_hash", password_hash}, {"email_verified_at", iso_date(date_of(person.joined_ms))}};
  require(create(user_table, person.id.uuid, values, person.joined_ms, with_roles({"customer"}, all_permissions)),
          user_table, person.username);
  return true;
}

bool Enrolment::make_card(const Person& person, std::size_t place) {
  if (is_there(card_table, person.card.uuid))
    return false;
  const std::string provider{card_providers()[place % card_providers().size()].name};
  for (int draw = 1;; ++draw) {
    ReferenceValues values{{"user_id", to_string(person.id.uuid)},
                           {"wallet_id", to_string(person.wallet.uuid)},
                           {"type", std::string{card_types[place % card_types.size()]}},
                           {"provider", provider},
                           {"expires_on", expiry_of(person.joined_ms, end_ms_)}};
    std::ranges::move(safe_.columns_of(CardSafe::draw(provider)), std::back_inserter(values));
    const auto made = create(card_table, person.card.uuid, values, person.joined_ms);
    if (!made && made.error().fault == ReferenceFault::taken && draw < most_draws)
      continue;
    require(made, card_table, "of " + person.username);
    return true;
  }
}

void Enrolment::make_merchant(const Merchant& merchant, Enrolled& enrolled) {
  if (!is_there(merchant_table, merchant.id)) {
    const ReferenceValues values{{"user_id", to_string(merchant.owner.id.uuid)},
                                 {"wallet_id", to_string(merchant.wallet.uuid)},
                                 {"name", merchant.name},
                                 {"status", std::string{merchant.status}}};
    require(create(merchant_table, merchant.id, values, merchant.made_ms), merchant_table, merchant.name);
    ++enrolled.merchants;
  }
  const bool is_waiting = merchant.status == "pending";
  const bool is_refused = merchant.status == "rejected";
  make_document(merchant, "business_license", is_waiting ? "pending" : is_refused ? "rejected" : "approved", enrolled);
  make_document(merchant, "tax_number", is_waiting ? "pending" : "approved", enrolled);
}

/// They belong to people of the cast, who would be paid to their own wallets.
void Enrolment::make_idle_merchants(Enrolled& enrolled) {
  constexpr std::array<std::string_view, 3> statuses{"pending", "rejected", "inactive"};
  const std::size_t count = statuses.size() * std::max<std::size_t>(1, cast_.shops.size() / shops_an_idle_merchant);
  for (std::size_t i = 0; i < count; ++i) {
    const Person& owner = cast_.people[(cast_.people.size() - 1 + i) % cast_.people.size()];
    const std::string_view status = statuses[i % statuses.size()];
    // Who waits applied in the last days; the others some time since they joined.
    const std::int64_t waits_ms = duration_cast<milliseconds>(hours{7 * static_cast<int>(i + 1)}).count();
    const std::int64_t made_ms = status == "pending" ? std::max(owner.joined_ms, end_ms_ - waits_ms)
                                                     : owner.joined_ms + (end_ms_ - owner.joined_ms) / 2;
    make_merchant({made_up_id(made_ms, random_), owner, owner.wallet, "Usaha " + owner.last_name, status, made_ms},
                  enrolled);
  }
}

void Enrolment::make_document(const Merchant& merchant, std::string_view type, std::string_view status,
                              Enrolled& enrolled) {
  const Uuid id = made_up_id(merchant.made_ms, random_);
  if (is_there(merchant_document_table, id))
    return;
  const ReferenceValues values{{"merchant_id", to_string(merchant.id)},
                               {"document_type", std::string{type}},
                               {"document_url", "https://example.com/documents/" + to_string(id) + ".pdf"},
                               {"status", std::string{status}},
                               {"note", status == "rejected" ? "The scan cannot be read." : ""}};
  require(create(merchant_document_table, id, values, merchant.made_ms), merchant_document_table,
          std::string{type} + " of " + merchant.name);
  ++enrolled.documents;
}

ReferenceOutcome<ReferenceRow> Enrolment::create(const ReferenceTable& table, const Uuid& id,
                                                 const ReferenceValues& values, std::int64_t made_ms,
                                                 const ReferenceGuard& also) {
  const ReferenceGuard date = dated(table, made_ms);
  return ReferenceStore(reader_, table).create(id, values, {}, act_, also ? all_of({also, date}) : date);
}

/// In the trash as well: what somebody threw away stays there.
bool Enrolment::is_there(const ReferenceTable& table, const Uuid& id) {
  return ReferenceStore(reader_, table).find(id).has_value();
}

}  // namespace dompet::cli
