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
/// Staff by their roles; the last is a role of this past's own.
constexpr std::array<std::string_view, 5> staff_roles{"viewer", "operator", "approver", "support", "accountant"};
constexpr const char* accountants_permissions =
    R"(["account:use","ledger:read","transactions:read:any","statistics:read:any"])";
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

std::string staff_emails() {
  std::string list;
  for (const std::string_view role : staff_roles)
    list.append(list.empty() ? "" : ", ").append("demo-").append(role).append("@example.com");
  return list;
}

/// A user who is about to be made.
struct Enrolment::Account {
  Uuid id{};
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::string role = "customer";
  When when{};
};

struct Enrolment::Merchant {
  Uuid id{};
  const Person& owner;
  WalletId wallet{};
  std::string name{};
  std::string_view status{};
  When when{};
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
    const Person& person = cast_.people[place];
    const Account account{.id = person.id.uuid,
                          .username = person.username,
                          .first_name = person.first_name,
                          .last_name = person.last_name,
                          .when = {person.joined_ms, {}}};
    enrolled.users += make_user(account, password_hash) ? 1 : 0;
    enrolled.cards += make_card(cast_.people[place], place) ? 1 : 0;
  }
  for (const OldCard& old : cast_.old_cards)
    enrolled.cards += issue_card(cast_.people[old.owner], old.id, card_types.front(), old.owner, &old) ? 1 : 0;
  for (const Shop& shop : cast_.shops)
    make_merchant({shop.id.uuid, cast_.people[shop.owner], shop.wallet, shop.name, "active", {shop.joined_ms, {}}},
                  enrolled);
  make_idle_merchants(enrolled);
  make_staff(password_hash, enrolled);
  make_trash(password_hash, enrolled);
  return enrolled;
}

bool Enrolment::make_user(const Account& account, const std::string& password_hash) {
  if (is_there(user_table, account.id))
    return false;
  const ReferenceValues values{
      {"username", account.username},   {"first_name", account.first_name},
      {"last_name", account.last_name}, {"email", std::string{account.username}.append("@example.com")},
      {"password_hash", password_hash}, {"email_verified_at", iso_date(date_of(account.when.made_ms))}};
  require(create(user_table, account.id, values, account.when, with_roles({account.role}, all_permissions)), user_table,
          account.username);
  return true;
}

void Enrolment::make_staff(const std::string& password_hash, Enrolled& enrolled) {
  const When when{cast_.people.front().joined_ms, {}};
  if (const Uuid role = made_up_id(when.made_ms, random_); !is_there(role_table, role)) {
    const std::string name{staff_roles.back()};
    require(create(role_table, role, {{"name", name}, {"permissions", accountants_permissions}}, when), role_table,
            name);
  }
  for (const std::string_view role : staff_roles) {
    const std::string name{role};
    const Account account{.id = made_up_id(when.made_ms, random_),
                          .username = std::string{"demo-"}.append(name),
                          .first_name = "Demo",
                          .last_name = name,
                          .role = name,
                          .when = when};
    enrolled.users += make_user(account, password_hash) ? 1 : 0;
  }
}

/// A customer who left, a merchant who did, and a document that was sent twice. Of cards see `OldCard`.
void Enrolment::make_trash(const std::string& password_hash, Enrolled& enrolled) {
  const Person& person = cast_.people.front();
  const Shop& shop = cast_.shops.front();
  const When gone{person.joined_ms, later(person.joined_ms)};
  const Account account{.id = made_up_id(gone.made_ms, random_),
                        .username = "demo-former",
                        .first_name = "Demo",
                        .last_name = "former",
                        .when = gone};
  enrolled.users += make_user(account, password_hash) ? 1 : 0;
  const Merchant merchant{made_up_id(gone.made_ms, random_), person, person.wallet, "Toko Lama", "inactive", gone};
  make_merchant(merchant, enrolled);
  make_document({shop.id.uuid, person, shop.wallet, shop.name, "active", {shop.joined_ms, {}}}, "business_license",
                "rejected", enrolled, true);
}

bool Enrolment::make_card(const Person& person, std::size_t place) {
  const std::string_view type = person.has_credit() ? "credit" : card_types[place % card_types.size()];
  return issue_card(person, person.card, type, place);
}

bool Enrolment::issue_card(const Person& person, const CardId& id, std::string_view type, std::size_t place,
                           const OldCard* old) {
  if (is_there(card_table, id.uuid))
    return false;
  const bool is_replaced = old != nullptr && old->is_replaced;
  const When when{person.joined_ms, is_replaced ? std::optional{later(person.joined_ms)} : std::nullopt};
  const std::string provider{card_providers()[place % card_providers().size()].name};
  for (int draw = 1;; ++draw) {
    ReferenceValues values{{"user_id", to_string(person.id.uuid)},
                           {"wallet_id", to_string(person.wallet.uuid)},
                           {"type", std::string{type}},
                           {"provider", provider},
                           {"expires_on", expiry_of(person.joined_ms, end_ms_)},
                           {"status", old != nullptr && !is_replaced ? "frozen" : "active"}};
    std::ranges::move(safe_.columns_of(CardSafe::draw(provider)), std::back_inserter(values));
    const auto made = create(card_table, id.uuid, values, when);
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
    require(create(merchant_table, merchant.id, values, merchant.when), merchant_table, merchant.name);
    ++enrolled.merchants;
  }
  if (merchant.when.trashed_ms)
    return;
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
    const std::int64_t made_ms =
        status == "pending" ? std::max(owner.joined_ms, end_ms_ - waits_ms) : later(owner.joined_ms);
    make_merchant({made_up_id(made_ms, random_),
                   owner,
                   owner.wallet,
                   std::string{"Usaha "}.append(owner.last_name),
                   status,
                   {made_ms, {}}},
                  enrolled);
  }
}

void Enrolment::make_document(const Merchant& merchant, std::string_view type, std::string_view status,
                              Enrolled& enrolled, bool is_trashed) {
  const std::int64_t made_ms = merchant.when.made_ms;
  const Uuid id = made_up_id(made_ms, random_);
  if (is_there(merchant_document_table, id))
    return;
  const ReferenceValues values{{"merchant_id", to_string(merchant.id)},
                               {"document_type", std::string{type}},
                               {"document_url", "https://example.com/documents/" + to_string(id) + ".pdf"},
                               {"status", std::string{status}},
                               {"note", status == "rejected" ? "The scan cannot be read." : ""}};
  require(
      create(merchant_document_table, id, values, {made_ms, is_trashed ? std::optional{later(made_ms)} : std::nullopt}),
      merchant_document_table, std::string{type} + " of " + merchant.name);
  ++enrolled.documents;
}

ReferenceOutcome<ReferenceRow> Enrolment::create(const ReferenceTable& table, const Uuid& id,
                                                 const ReferenceValues& values, const When& when,
                                                 const ReferenceGuard& also) {
  const ReferenceGuard date = dated(table, when);
  return ReferenceStore(reader_, table).create(id, values, {}, act_, also ? all_of({also, date}) : date);
}

/// What the store dates with now is dated with the past, in the same transaction; what was thrown away since goes to
/// the trash there and then.
ReferenceGuard Enrolment::dated(const ReferenceTable& table, const When& when) const {
  std::string sql = "UPDATE ";
  sql.append(table.name)
      .append(" SET created_at = to_timestamp($2::bigint / 1000.0),"
              " updated_at = to_timestamp(coalesce($3::bigint, $2::bigint) / 1000.0),"
              " deleted_at = to_timestamp($3::bigint / 1000.0) WHERE id = $1");
  return [this, &table, sql, when](SqlSession& session, const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    Parameters values;
    values.add(row.id).add(when.made_ms);
    when.trashed_ms ? values.add(*when.trashed_ms) : values.add_null();
    session.ask_prepared(sql, values);
    const std::string thing{table.thing};
    if (when.trashed_ms)
      write_audit(session, {act_, thing + ".trash", thing + ":" + to_string(row.id), "{}"});
    return std::nullopt;
  };
}

/// In the trash as well: what somebody threw away stays there.
bool Enrolment::is_there(const ReferenceTable& table, const Uuid& id) {
  return ReferenceStore(reader_, table).find(id).has_value();
}

}  // namespace dompet::cli
