#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "http/graphql/fields.hpp"
#include "http/graphql/json_value.hpp"
#include "http/graphql/visit.hpp"

namespace dompet::http::fields {

using graphql::Answered;
using graphql::Fault;
using graphql::Resolved;
using graphql::Value;

namespace {

/// Hidden at once; each is a request.
constexpr int hidden_at_once = 100;

/// The page's things, each with the caller as its user.
Value things_of(Value page, const std::string& user) {
  Value* data = page.find("data");
  Value list = data == nullptr ? Value::of_list({}) : std::move(*data);
  for (Value& thing : list.items)
    if (thing.find("user_id") == nullptr)
      thing.set("user_id", user.empty() ? Value{} : Value::of_text(user));
  return list;
}

void my_list(const VisitPtr& visit, std::string path, bool is_by_user, Answered done) {
  path += "?limit=" + std::to_string(longest_plain_list);
  const std::string user = visit->caller_id();
  if (is_by_user && !user.empty())
    path += "&user_id=" + user;
  visit->get(std::move(path), [user, done = std::move(done)](Resolved page) {
    done(page ? Resolved{things_of(*std::move(page), user)} : std::move(page));
  });
}

Value outcome(bool success, std::string message) {
  return Value::of_object({{"success", Value::of_truth(success)}, {"message", Value::of_text(std::move(message))}});
}

std::string transaction_path(const std::string& id, std::string_view act) {
  return ("/v1/transactions/" + percent_encoded(id)).append(act);
}

}  // namespace

void my_profile(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  InnerRequest request{.method = Method::get, .path = "/v1/auth/me"};
  if (const std::string token = asked->text("token"); !visit->has_authorization() && !token.empty())
    request.authorization = "Bearer " + token;
  visit->ask(std::move(request), std::move(done));
}

void user_of_login(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  visit->ask({.method = Method::get,
              .path = "/v1/auth/me",
              .query = {},
              .body = {},
              .key = {},
              .authorization = "Bearer " + member_of(asked->source, "access_token").text},
             std::move(done));
}

void my_wallets(const VisitPtr& visit, const AskedPtr&, Answered done) {
  my_list(visit, "/v1/wallets", true, std::move(done));
}

namespace {

/// Says of every transaction which of these wallets it is about: the one that pays, when both are of them.
void name_wallets(Value& transactions, const Value& wallets) {
  std::unordered_set<std::string> mine;
  for (const Value& wallet : wallets.items)
    mine.insert(member_of(wallet, "id").text);
  for (Value& transaction : transactions.items)
    for (const std::string_view side : {"source_wallet_id", "destination_wallet_id"})
      if (Value wallet = member_of(transaction, side); mine.contains(wallet.text)) {
        transaction.set("my_wallet_id", std::move(wallet));
        break;
      }
}

}  // namespace

void my_transactions(const VisitPtr& visit, const AskedPtr&, Answered done) {
  my_list(visit, "/v1/transactions", true, [visit, done = std::move(done)](Resolved transactions) {
    if (!transactions || visit->caller_id().empty())
      return done(std::move(transactions));
    my_list(visit, "/v1/wallets", true,
            [transactions = *std::move(transactions), done](const Resolved& wallets) mutable {
              if (wallets)
                name_wallets(transactions, *wallets);
              done(std::move(transactions));
            });
  });
}

void my_history(const VisitPtr& visit, const AskedPtr&, Answered done) {
  my_list(visit, "/v1/history", false, std::move(done));
}

namespace {

struct Kind {
  const char* type;
  const char* path;
};

/// Where an id may be of, the likeliest first.
constexpr Kind kinds[]{{"Wallet", "/v1/wallets/"}, {"Transaction", "/v1/transactions/"},
                       {"Card", "/v1/cards/"},     {"Merchant", "/v1/merchants/"},
                       {"User", "/v1/users/"},     {"Invoice", "/v1/invoices/"},
                       {"Saga", "/v1/sagas/"}};

void look_for(const VisitPtr& visit, const AskedPtr& asked, std::size_t i, Answered done) {
  if (i == std::size(kinds))
    return done(Value{});
  visit->get(kinds[i].path + percent_encoded(asked->text("id")), [visit, asked, i, done](Resolved found) {
    if (!found) {
      const Value status = member_of(found.error().extensions, "status");
      const bool is_elsewhere = status.text == "404" || status.text == "403";
      return is_elsewhere ? look_for(visit, asked, i + 1, done) : done(std::move(found));
    }
    found->set("__typename", Value::of_text(kinds[i].type));
    done(std::move(found));
  });
}

}  // namespace

void node(const VisitPtr& visit, const AskedPtr& asked, Answered done) { look_for(visit, asked, 0, std::move(done)); }

void register_user(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  const std::string name = asked->text("fullname");
  const std::size_t space = name.find(' ');
  // One name is both: nobody is refused for having one.
  const std::string last = space == name.npos ? name : name.substr(space + 1);
  Value body = Value::of_object({{"username", *asked->find("username")},
                                 {"first_name", Value::of_text(name.substr(0, space))},
                                 {"last_name", Value::of_text(last)},
                                 {"email", *asked->find("email")},
                                 {"password", *asked->find("password")}});
  visit->post("/v1/auth/register", std::move(body), {}, [done = std::move(done)](Resolved user) {
    done(user ? Resolved{Value::of_text("Registered: " + member_of(*user, "username").text)} : std::move(user));
  });
}

void create_wallet(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  visit->post(
      "/v1/wallets",
      Value::of_object({{"name", *asked->find("walletName")}, {"currency", member_of(asked->arguments, "currency")}}),
      {}, std::move(done));
}

void delete_wallet(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  visit->post("/v1/wallets/" + percent_encoded(asked->text("walletId")) + "/close", {}, {},
              [done = std::move(done)](Resolved wallet) {
                if (wallet)
                  return done(outcome(true, "The wallet is closed."));
                // Not empty, frozen, …: an answer. Not yours or not there: a fault.
                if (member_of(wallet.error().extensions, "status").text == "409")
                  return done(outcome(false, wallet.error().message));
                done(std::move(wallet));
              });
}

void add_history(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  const Value input = *asked->find("input");
  const std::string id = member_of(input, "transactionId").text;
  if (const std::string me = visit->caller_id(); !me.empty() && member_of(input, "userId").text != me)
    return done(std::unexpected(graphql::fault("invalid_field", "The history is mine: userId is another's.")));
  visit->get(transaction_path(id, ""), [visit, input, id, done](Resolved found) {
    if (!found)
      return done(std::move(found));
    const bool is_so =
        plain_decimal(member_of(*found, "amount").text) == plain_decimal(member_of(input, "amount").text) &&
        simple_type(*found).text == member_of(input, "type").text &&
        simple_status(*found).text == member_of(input, "status").text;
    if (!is_so)
      return done(std::unexpected(graphql::fault(
          "invalid_field", "The history is what happened: amount, type or status of that transaction are others.")));
    visit->post(transaction_path(id, "/unarchive"), {}, {},
                [done](Resolved shown) { done(shown ? Resolved{Value::of_truth(true)} : std::move(shown)); });
  });
}

void delete_history(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  visit->post(transaction_path(asked->text("historyId"), "/archive"), {}, {},
              [done = std::move(done)](Resolved hidden) {
                done(hidden ? Resolved{Value::of_truth(true)} : std::move(hidden));
              });
}

namespace {

struct Hiding {
  std::size_t waiting = 0;
  std::size_t hidden = 0;
  bool has_more = false;
  Answered done{};
};

void conclude(const Hiding& hiding, std::size_t failed) {
  std::string message = std::to_string(hiding.hidden) + " transactions are hidden.";
  if (failed > 0)
    message += " " + std::to_string(failed) + " could not be: try again.";
  if (hiding.has_more)
    message += " There are more: repeat it.";
  hiding.done(outcome(failed == 0, std::move(message)));
}

}  // namespace

void delete_all_transactions(const VisitPtr& visit, const AskedPtr&, Answered done) {
  std::string path = "/v1/transactions?limit=" + std::to_string(hidden_at_once);
  if (const std::string user = visit->caller_id(); !user.empty())
    path += "&user_id=" + user;
  visit->get(std::move(path), [visit, done = std::move(done)](Resolved page) {
    if (!page)
      return done(std::move(page));
    const auto hiding = std::make_shared<Hiding>(Hiding{.done = done});
    const Value list = member_of(*page, "data");
    hiding->has_more = !member_of(*page, "next_cursor").is_null();
    hiding->waiting = list.items.size();
    if (list.items.empty())
      return conclude(*hiding, 0);
    for (const Value& transaction : list.items)
      visit->post(transaction_path(member_of(transaction, "id").text, "/archive"), {}, {},
                  [hiding, all = list.items.size()](const Resolved& hidden) {
                    hiding->hidden += hidden ? 1 : 0;
                    if (--hiding->waiting == 0)
                      conclude(*hiding, all - hiding->hidden);
                  });
  });
}

}  // namespace dompet::http::fields
