#include <memory>
#include <optional>
#include <utility>

#include "domain/money.hpp"
#include "http/graphql/fields.hpp"
#include "http/graphql/json_value.hpp"
#include "http/graphql/visit.hpp"

namespace dompet::http::fields {

using graphql::Answered;
using graphql::Resolved;
using graphql::Value;

namespace {

constexpr std::int64_t most_iterations = 20;

Value text(std::string said) { return Value::of_text(std::move(said)); }

graphql::Fault invalid(std::string message) { return graphql::fault("invalid_field", std::move(message)); }

std::string wallet_path(const std::string& id) { return "/v1/wallets/" + percent_encoded(id); }

/// An amount as it was written, as a text that the routes take.
Value amount_in(const Value& arguments, std::string_view name = "amount") {
  return text(plain_decimal(member_of(arguments, name).text));
}

/// The simple requests name no currency: it is the wallet's.
void with_wallet(const VisitPtr& visit, const std::string& id, const Answered& done,
                 std::function<void(const Value& wallet)> go_on) {
  visit->get(wallet_path(id), [done, go_on = std::move(go_on)](Resolved wallet) {
    if (!wallet)
      return done(std::move(wallet));
    go_on(*wallet);
  });
}

/// Moves money and answers with the wallet as it is then.
void then_wallet(const VisitPtr& visit, std::string path, Value body, std::string key, std::string wallet,
                 Answered done) {
  visit->post(std::move(path), std::move(body), std::move(key),
              [visit, wallet = std::move(wallet), done = std::move(done)](Resolved moved) {
                if (!moved)
                  return done(std::move(moved));
                visit->get(wallet_path(wallet), done);
              });
}

Value top_up_body(const std::string& wallet, const Value& currency, Value amount, Value method) {
  return Value::of_object({{"wallet_id", text(wallet)},
                           {"amount", std::move(amount)},
                           {"currency", currency},
                           {"method", method.is_null() ? text("bri") : std::move(method)}});
}

Value transfer_body(const std::string& source, const std::string& destination, const Value& currency, Value amount) {
  return Value::of_object({{"source_wallet_id", text(source)},
                           {"destination_wallet_id", text(destination)},
                           {"amount", std::move(amount)},
                           {"currency", currency}});
}

}  // namespace

void top_up_wallet(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  const std::string id = asked->text("walletId");
  with_wallet(visit, id, done, [=](const Value& wallet) {
    then_wallet(visit, "/v1/topups",
                top_up_body(id, member_of(wallet, "currency"), amount_in(asked->arguments),
                            member_of(asked->arguments, "method")),
                visit->key_of(*asked), id, done);
  });
}

void deduct_wallet(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  const std::string id = asked->text("walletId");
  const std::string destination = asked->text("destinationWalletId");
  const bool has_bank = asked->find("bankCode") != nullptr && asked->find("accountNumber") != nullptr;
  if (destination.empty() != has_bank)
    return done(
        std::unexpected(invalid("Money goes somewhere: give destinationWalletId, or bankCode and accountNumber.")));
  with_wallet(visit, id, done, [=](const Value& wallet) {
    const Value currency = member_of(wallet, "currency");
    if (!has_bank)
      return then_wallet(visit, "/v1/transfers", transfer_body(id, destination, currency, amount_in(asked->arguments)),
                         visit->key_of(*asked), id, done);
    Value account =
        Value::of_object({{"bank_code", *asked->find("bankCode")}, {"account_number", *asked->find("accountNumber")}});
    then_wallet(visit, "/v1/withdrawals",
                Value::of_object({{"wallet_id", text(id)},
                                  {"amount", amount_in(asked->arguments)},
                                  {"currency", currency},
                                  {"destination", std::move(account)}}),
                visit->key_of(*asked), id, done);
  });
}

namespace {

/// What a TransactionInput asks for: the route and its body; or what it lacks.
struct Order {
  std::string path{};
  Value body{};
};

std::expected<Order, graphql::Fault> order_of(const Value& input, const std::string& wallet, const Value& currency) {
  const std::string type = member_of(input, "type").text;
  const std::string destination = member_of(input, "destinationWalletId").text;
  const Value number = member_of(input, "vaNumber");
  Value amount = amount_in(input);
  if (type == "DEPOSIT")
    return Order{"/v1/topups", top_up_body(wallet, currency, std::move(amount), member_of(input, "method"))};
  if (type == "TRANSFER") {
    if (destination.empty())
      return std::unexpected(invalid("A TRANSFER goes somewhere: give destinationWalletId."));
    return Order{"/v1/transfers", transfer_body(wallet, destination, currency, std::move(amount))};
  }
  if (number.is_null())
    return std::unexpected(invalid("A PAYMENT pays an invoice: give its vaNumber."));
  return Order{
      "/v1/payments",
      Value::of_object(
          {{"wallet_id", text(wallet)}, {"va_number", number}, {"amount", std::move(amount)}, {"currency", currency}})};
}

}  // namespace

void create_transaction(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  const Value input = *asked->find("input");
  const std::string id = member_of(input, "walletId").text;
  with_wallet(visit, id, done, [=](const Value& wallet) {
    auto order = order_of(input, id, member_of(wallet, "currency"));
    if (!order)
      return done(std::unexpected(std::move(order.error())));
    if (const Value said = member_of(input, "description"); !said.is_null())
      order->body.set("description", said);
    visit->post(order->path, std::move(order->body), visit->key_of(*asked),
                [done, owner = member_of(wallet, "user_id"), number = member_of(input, "vaNumber")](Resolved made) {
                  if (made && made->find("user_id") == nullptr)
                    made->set("user_id", owner);
                  if (made && made->find("va_number") == nullptr)
                    made->set("va_number", number);
                  done(std::move(made));
                });
  });
}

namespace {

/// Top-ups of one wallet and transfers out of it, all at once: the balance must be what they add up to.
struct Race {
  VisitPtr visit;
  AskedPtr asked;
  Answered done;
  Currency currency{};
  Minor before = 0;
  Minor expected = 0;
  std::size_t waiting = 0;
  std::size_t moved = 0;
  std::size_t failed = 0;
  std::optional<graphql::Fault> first_problem{};
};
using RacePtr = std::shared_ptr<Race>;

Minor available_of(const Value& wallet, const Currency& currency) {
  return parse_amount(member_of(wallet, "balance.available").text, currency).value_or(0);
}

void judge(const RacePtr& race) {
  if (race->moved == 0 && race->first_problem)
    return race->done(std::unexpected(*race->first_problem));
  race->visit->get(wallet_path(race->asked->text("walletId")), [race](Resolved wallet) {
    if (!wallet)
      return race->done(std::move(wallet));
    const Minor actual = available_of(*wallet, race->currency);
    const bool is_lost = actual != race->expected;
    std::string message = is_lost ? "The balance is not what the movements add up to; was there another one meanwhile?"
                                  : "The balance is what the movements add up to.";
    if (race->failed > 0)
      message += " " + std::to_string(race->failed) + " did not move; the first: " + race->first_problem->message + ".";
    race->done(Value::of_object({{"expected_balance", text(format_amount(race->expected, race->currency))},
                                 {"actual_balance", text(format_amount(actual, race->currency))},
                                 {"has_race_condition", Value::of_truth(is_lost)},
                                 {"message", text(std::move(message))}}));
  });
}

void move(const RacePtr& race, std::string path, Value body, const std::string& part, Minor change) {
  ++race->waiting;
  race->visit->post(
      std::move(path), std::move(body), race->visit->key_of(*race->asked, part), [race, change](const Resolved& moved) {
        const bool has_moved = moved && member_of(*moved, "status").text == "completed";
        ++(has_moved ? race->moved : race->failed);
        if (has_moved)
          race->expected += change;
        else if (!race->first_problem)
          race->first_problem = moved ? graphql::fault("unavailable", "A movement is not completed.") : moved.error();
        if (--race->waiting == 0)
          judge(race);
      });
}

void run(const RacePtr& race, const std::string& counter, std::int64_t iterations, Minor in, Minor out) {
  const std::string wallet = race->asked->text("walletId");
  const Value currency = text(std::string{race->currency.text()});
  race->expected = race->before;
  ++race->waiting;
  for (std::int64_t i = 0; i < iterations; ++i) {
    const std::string part = std::to_string(i);
    move(race, "/v1/topups", top_up_body(wallet, currency, text(format_amount(in, race->currency)), {}), "in" + part,
         in);
    move(race, "/v1/transfers", transfer_body(wallet, counter, currency, text(format_amount(out, race->currency))),
         "out" + part, -out);
  }
  if (--race->waiting == 0)
    judge(race);
}

/// Another wallet of the caller, of the same currency, that can take money.
std::string other_wallet(const Value& page, const Value& wallet) {
  for (const Value& one : member_of(page, "data").items)
    if (member_of(one, "id").text != member_of(wallet, "id").text &&
        member_of(one, "currency").text == member_of(wallet, "currency").text &&
        member_of(one, "status").text == "active")
      return member_of(one, "id").text;
  return {};
}

void prepare(const RacePtr& race, const Value& wallet, std::int64_t iterations) {
  race->currency = find_currency(member_of(wallet, "currency").text).value_or(Currency{});
  race->before = available_of(wallet, race->currency);
  const auto in = parse_amount(amount_in(race->asked->arguments, "topupAmount").text, race->currency);
  const auto out = parse_amount(amount_in(race->asked->arguments, "deductAmount").text, race->currency);
  if (!in || !out)
    return race->done(std::unexpected(invalid("topupAmount and deductAmount are positive amounts of the currency.")));
  if (const std::string given = race->asked->text("counterWalletId"); !given.empty())
    return run(race, given, iterations, *in, *out);
  race->visit->get("/v1/wallets?limit=200&user_id=" + member_of(wallet, "user_id").text,
                   [race, wallet, iterations, in = *in, out = *out](Resolved page) {
                     const std::string counter = page ? other_wallet(*page, wallet) : std::string{};
                     if (counter.empty())
                       return race->done(std::unexpected(invalid(
                           "What is deducted goes to another wallet of yours: open one, or give counterWalletId.")));
                     run(race, counter, iterations, in, out);
                   });
}

}  // namespace

void simulate_race(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  const std::int64_t iterations = std::strtoll(asked->text("iterations").c_str(), nullptr, 10);
  if (iterations < 1 || iterations > most_iterations)
    return done(std::unexpected(
        invalid("iterations is 1 to " + std::to_string(most_iterations) + ": each moves money twice.")));
  if (visit->key_of(*asked).empty())
    return done(std::unexpected(graphql::fault("idempotency_key_required", "Whatever moves money needs a key.")));
  const auto race = std::make_shared<Race>(Race{.visit = visit, .asked = asked, .done = done});
  with_wallet(visit, asked->text("walletId"), done,
              [race, iterations](const Value& wallet) { prepare(race, wallet, iterations); });
}

}  // namespace dompet::http::fields
