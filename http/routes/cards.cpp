#include <chrono>
#include <utility>

#include "domain/card_number.hpp"
#include "http/access/identity.hpp"
#include "http/answers.hpp"
#include "http/body_fields.hpp"
#include "http/id_source.hpp"
#include "http/reference/pool.hpp"
#include "http/reference/routes.hpp"
#include "http/reference/wallet_of.hpp"
#include "http/timestamp.hpp"
#include "persistence/card_safe.hpp"
#include "persistence/money_references.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view types[]{"debit", "credit", "prepaid"};
constexpr std::string_view statuses[]{"active", "frozen"};
constexpr std::string_view providers[]{"visa", "mastercard", "jcb", "discover", "mandiri", "bni", "bri", "bca"};

constexpr ReferenceField fields[]{
    {.name = "user_id", .form = FieldForm::id, .given = Given::at_creation, .required = false},
    {.name = "wallet_id", .form = FieldForm::id, .given = Given::at_creation, .required = false},
    {.name = "type", .form = FieldForm::choice, .given = Given::always, .choices = types},
    {.name = "provider", .form = FieldForm::choice, .given = Given::at_creation, .choices = providers},
    {.name = "number_masked"},
    {.name = "expires_on"},
    {.name = "status"},
};
constexpr ReferenceField filters[]{
    {.name = "user_id", .form = FieldForm::id},
    {.name = "wallet_id", .form = FieldForm::id},
    {.name = "status", .form = FieldForm::choice, .choices = statuses},
};

/// What is printed on a new card: valid through the last day of this month, so many years on.
constexpr int years_valid = 4;
/// With so many tries a range must be all but used up before no number is found.
constexpr int most_draws = 10;

/// The whole number must not lie in any cache.
HttpResponse kept_nowhere(HttpResponse response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// "2030-11-30"
std::string last_day(std::int64_t now_ms) {
  using namespace std::chrono;
  const year_month_day today{floor<days>(system_clock::time_point{milliseconds{now_ms}})};
  const year_month_day last{(today.year() + years{years_valid}) / today.month() / std::chrono::last};
  return format_time(duration_cast<milliseconds>(sys_days{last}.time_since_epoch()).count()).substr(0, 10);
}

std::string render_secret(const ReferenceRow& card, const CardSafe& safe, const std::string& number) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_members(json, card_resource, card);
  json.plain("number", number).plain("cvv", safe.cvv_of(number, card.text("expires_on"))).end_object();
  return text;
}

/// Tells the wallet's journal first: whatever happens behind it, a card that is to be blocked pays no more.
void tell_wallet(Services& services, const ExchangePtr& exchange, const ReferenceRow& card, bool blocks,
                 std::function<void()> then) {
  const CardId id{card.id};
  const WalletChange change = blocks ? WalletChange{BlockCard{id}} : WalletChange{AllowCard{id}};
  services.ask.ask(
      ChangeWalletRequest{{card.uuid("wallet_id")}, {change}}, [exchange, then = std::move(then)](const Reply& reply) {
        const bool is_told = reply.result != nullptr && (std::holds_alternative<WalletHistory>(*reply.result) ||
                                                         std::holds_alternative<Decline>(*reply.result));
        // A wallet that is closed or gone pays by no card.
        if (is_told)
          return then();
        refuse(exchange, problem_of(reply, false));
      });
}

void before(Services& services, const ExchangePtr& exchange, Deed deed, const ReferenceRow& card,
            std::function<void()> go_on) {
  const bool is_frozen = card.text("status") != "active";
  if (deed == Deed::trash)
    return tell_wallet(services, exchange, card, true, std::move(go_on));
  if (deed == Deed::restore && !is_frozen)
    return tell_wallet(services, exchange, card, false, std::move(go_on));
  go_on();
}

void set_status(Services& services, const ExchangePtr& exchange, const char* status, const char* deed) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  with_row(services, exchange, card_resource, [&services, exchange, status, deed](const ReferenceRow& card) {
    if (card.is_trashed())
      return refuse(exchange, {.code = "in_trash"});
    const bool blocks = std::string_view{status} == "frozen";
    tell_wallet(services, exchange, card, blocks, [&services, exchange, status, deed, id = card.id] {
      answer_by_store(services, exchange, card_resource,
                      [id, status, deed, owner = owner_of(*exchange), act = act_of(*exchange)](ReferenceStore& store) {
                        return store.change(id, {{"status", status}}, owner, deed, act);
                      });
    });
  });
}

struct NewCardBody {
  ReferenceValues values{};
  UserId user{};
  std::optional<WalletId> wallet{};
  /// Of the wallet that is opened with it.
  std::string name{};
  Currency currency{};
};

/// The members of the wallet that is opened with the card, in an object of their own.
JsonValue wallet_members(JsonValue& object) {
  JsonValue wallet{.kind = JsonValue::Kind::object};
  std::erase_if(object.members, [&](auto& member) {
    const bool is_wallets = member.first == "name" || member.first == "currency";
    if (is_wallets)
      wallet.members.push_back(std::move(member));
    return is_wallets;
  });
  return wallet;
}

std::optional<std::string> value_of(const ReferenceValues& values, std::string_view column) {
  for (const auto& [name, value] : values)
    if (name == column)
      return value;
  return std::nullopt;
}

Read<NewCardBody> read_new_card(JsonValue object) {
  const JsonValue wallet = wallet_members(object);
  auto values = read_fields(card_resource, object, true);
  if (!values)
    return std::unexpected(values.error());
  NewCardBody read{.values = std::move(*values)};
  if (const auto id = value_of(read.values, "wallet_id"))
    read.wallet = WalletId{parse_uuid(*id).value_or(Uuid{})};
  std::vector<FieldError> errors;
  if (read.wallet && !wallet.members.empty())
    errors.push_back({"wallet_id", "invalid_field", "Either wallet_id, or name and currency of a wallet to open."});
  if (!read.wallet && wallet.members.empty())
    errors.push_back({"wallet_id", "missing_field", "Either wallet_id, or name and currency of a wallet to open."});
  if (!read.wallet && !wallet.members.empty()) {
    BodyFields fields_of_wallet(wallet, {"name", "currency"}, errors);
    read.name = fields_of_wallet.name("name", longest_name);
    read.currency = fields_of_wallet.currency("currency").value_or(Currency{});
  }
  return value_or_errors(std::move(read), std::move(errors));
}

/// Draws numbers until one is nobody's.
ReferenceOutcome<ReferenceRow> issue(ReferenceStore& store, const CardSafe& safe, const Uuid& id,
                                     const ReferenceValues& values, const std::optional<ReferenceOwner>& owner,
                                     const Act& act, std::string& number) {
  const std::string provider = value_of(values, "provider").value_or("");
  for (int draw = 1;; ++draw) {
    number = CardSafe::draw(provider);
    ReferenceValues all = values;
    for (auto& column : safe.columns_of(number))
      all.push_back(std::move(column));
    auto made = store.create(id, all, owner, act);
    if (made || made.error().fault != ReferenceFault::taken || draw == most_draws)
      return made;
  }
}

void issue_card(Services& services, const ExchangePtr& exchange, ReferenceValues values) {
  values.emplace_back("expires_on", last_day(wall_clock_ms()));
  answer_by_query(services, exchange,
                  [&vault = services.identity.vault(), id = exchange->request.id, values = std::move(values),
                   owner = owner_of(*exchange), act = act_of(*exchange)](Reader& reader, const HttpRequest& request) {
                    const CardSafe safe(vault);
                    ReferenceStore store(reader, card_table);
                    std::string number;
                    const auto made = issue(store, safe, id, values, owner, act, number);
                    if (!made)
                      return respond(problem_of(card_resource, made.error()), request);
                    HttpResponse response = json_response(render_secret(*made, safe, number), 201);
                    response.headers.emplace_back("Location", "/v1/cards/" + to_string(id));
                    return kept_nowhere(std::move(response));
                  });
}

HttpResponse reveal(Reader& reader, const CardSafe& safe, const Uuid& id, const std::optional<ReferenceOwner>& owner,
                    const Act& act, const HttpRequest& request) {
  const auto card = ReferenceStore(reader, card_table).find(id, owner);
  if (!card)
    return respond({.code = "card_not_found"}, request);
  if (card->is_trashed())
    return respond({.code = "in_trash"}, request);
  const auto number = safe.number_of(*card);
  if (!number)
    return respond({.code = "unavailable", .detail = "This node does not have the key that the number is sealed with."},
                   request);
  // On record before anybody sees it.
  AuditLog(reader).write({act, "card.reveal", "card:" + to_string(id)});
  return kept_nowhere(json_response(render_secret(*card, safe, *number)));
}

}  // namespace

const Resource card_resource{
    .table = card_table,
    .path = "/v1/cards",
    .absent = "card_not_found",
    .fields = fields,
    .filters = filters,
    .owner_column = "user_id",
    .before = before,
    .named_by_money = cards_with_money,
};

namespace routes {

void create_card(Services& services, const ExchangePtr& exchange) {
  auto object = read_object(exchange->request.body);
  auto body = object ? read_new_card(std::move(*object)) : Read<NewCardBody>(std::unexpected(object.error()));
  if (!body)
    return refuse(exchange, body.error());
  if (!take_owner(exchange, card_resource, body->values))
    return;
  const UserId user{parse_uuid(value_of(body->values, "user_id").value_or("")).value_or(Uuid{})};
  if (body->wallet)
    return with_wallet_of(services, exchange, *body->wallet, user,
                          [&services, exchange, values = body->values] { issue_card(services, exchange, values); });
  with_user(services, exchange, user, [&services, exchange, user, body = *body] {
    open_wallet_for(services, exchange, user, body.name, body.currency,
                    [&services, exchange, values = body.values](const WalletId& wallet) mutable {
                      values.emplace_back("wallet_id", to_string(wallet));
                      issue_card(services, exchange, std::move(values));
                    });
  });
}

void reveal_card(Services& services, const ExchangePtr& exchange) {
  const auto object = read_object(exchange->request.body.empty() ? "{}" : exchange->request.body);
  if (!object)
    return refuse(exchange, object.error());
  std::vector<FieldError> errors;
  BodyFields body(*object, {"reason"}, errors);
  std::string reason = body.free_text("reason", longest_description);
  if (!errors.empty())
    return refuse(exchange, invalid(std::move(errors)));
  const auto id = captured_id(exchange);
  if (!id)
    return;
  answer_by_query(services, exchange,
                  [&vault = services.identity.vault(), id = *id, owner = owner_of(*exchange),
                   act = act_of(*exchange, std::move(reason))](Reader& reader, const HttpRequest& request) {
                    return reveal(reader, CardSafe(vault), id, owner, act, request);
                  });
}

void look_card_up(Services& services, const ExchangePtr& exchange) {
  const auto object = read_object(exchange->request.body);
  if (!object)
    return refuse(exchange, object.error());
  std::vector<FieldError> errors;
  BodyFields body(*object, {"number"}, errors);
  const auto number = read_card_number(body.word("number"));
  if (!number && errors.empty())
    body.fault("number", "invalid_card_number", "Sixteen digits, the last of which is right by Luhn's formula.");
  if (!errors.empty())
    return refuse(exchange, invalid(std::move(errors)));
  const std::string hash = CardSafe(services.identity.vault()).hash_column_of(*number);
  answer_by_query(services, exchange, [hash, owner = owner_of(*exchange)](Reader& reader, const HttpRequest& request) {
    const auto card = ReferenceStore(reader, card_table).find_by("number_hash", hash, owner);
    if (!card)
      return respond({.code = "card_not_found"}, request);
    return json_response(render_row(card_resource, *card));
  });
}

void freeze_card(Services& services, const ExchangePtr& exchange) {
  set_status(services, exchange, "frozen", "freeze");
}
/// Whoever froze it had a reason; a thief of the owner's session must not undo it.
void unfreeze_card(Services& services, const ExchangePtr& exchange) {
  if (exchange->grant != Grant::any)
    return refuse(exchange, {.code = "forbidden", .detail = "Unfreezing needs the permission cards:freeze:any."});
  set_status(services, exchange, "active", "unfreeze");
}

}  // namespace routes

}  // namespace dompet::http
