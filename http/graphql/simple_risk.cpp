#include <algorithm>
#include <functional>
#include <utility>

#include "http/graphql/fields.hpp"
#include "http/graphql/json_value.hpp"
#include "http/graphql/visit.hpp"

namespace dompet::http::fields {

using graphql::Answered;
using graphql::Resolved;
using graphql::Value;

namespace {

/// The one with this member of a list's first page; null for none.
Value with_member(const Value& page, std::string_view member, const std::string& wanted) {
  for (const Value& one : member_of(page, "data").items)
    if (member_of(one, member).text == wanted)
      return one;
  return {};
}

void score(const VisitPtr& visit, const Asked& asked, const Value& wallet, Answered done) {
  visit->post("/v1/risk/score",
              Value::of_object({{"wallet_id", wallet},
                                {"amount", Value::of_text(plain_decimal(asked.text("amount")))},
                                {"currency", member_of(asked.arguments, "currency")},
                                {"kind", member_of(asked.arguments, "kind")}}),
              {}, std::move(done));
}

}  // namespace

void check_fraud(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  if (const Value* wallet = asked->find("walletId"))
    return score(visit, *asked, *wallet, std::move(done));
  visit->get("/v1/wallets?limit=" + std::to_string(longest_plain_list) +
                 "&user_id=" + percent_encoded(asked->text("userId")),
             [visit, asked, done = std::move(done)](Resolved page) {
               if (!page)
                 return done(std::move(page));
               const Value wallet = with_member(*page, "currency", asked->text("currency"));
               if (wallet.is_null())
                 return done(std::unexpected(
                     graphql::fault("invalid_field", "That user has no wallet of the currency that I may see.")));
               score(visit, *asked, member_of(wallet, "id"), done);
             });
}

namespace {

/// Two lists as one, the newest first.
Value newest_of(const Value& some, const Value& others) {
  Value all = Value::of_list(some.items);
  all.items.insert(all.items.end(), others.items.begin(), others.items.end());
  std::ranges::stable_sort(all.items, std::ranges::greater{},
                           [](const Value& one) { return member_of(one, "at").text; });
  all.items.resize(std::min(all.items.size(), std::size_t{longest_plain_list}));
  return all;
}

}  // namespace

/// What was decided about movements, and about questions, which move nothing.
void list_fraud_logs(const VisitPtr& visit, const AskedPtr&, Answered done) {
  const std::string newest = "?limit=" + std::to_string(longest_plain_list);
  visit->get("/v1/risk/assessments" + newest, [visit, newest, done = std::move(done)](Resolved movements) {
    if (!movements)
      return done(std::move(movements));
    visit->get("/v1/risk/checks" + newest, [done, moved = member_of(*movements, "data")](Resolved questions) {
      done(questions ? Resolved{newest_of(moved, member_of(*questions, "data"))} : std::move(questions));
    });
  });
}

void delete_fraud_log(const VisitPtr&, const AskedPtr&, Answered done) {
  done(std::unexpected(graphql::fault("forbidden", "What was decided about a risk is never deleted.")));
}

void invoice_of_order(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  visit->get("/v1/invoices?limit=" + std::to_string(longest_plain_list),
             [asked, done = std::move(done)](const Resolved& page) {
               // Who pays may not see the merchant's invoices.
               done(page ? with_member(*page, "va_number", member_of(asked->source, "va_number").text) : Value{});
             });
}

namespace {

void make_invoice(const VisitPtr& visit, const Asked& asked, const Value& merchant, Answered done) {
  Value body = Value::of_object({{"amount", Value::of_text(plain_decimal(asked.text("amount")))},
                                 {"currency", member_of(asked.arguments, "currency")}});
  if (!merchant.is_null())
    body.set("merchant_id", merchant);
  if (const Value* said = asked.find("description"))
    body.set("description", *said);
  visit->post("/v1/invoices", std::move(body), {}, [done = std::move(done)](Resolved invoice) {
    done(invoice ? Resolved{member_of(*invoice, "va_number")} : std::move(invoice));
  });
}

}  // namespace

/// A caller who has one merchant need not say which; an API key is its merchant's.
void generate_invoice_va(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  const std::string user = visit->caller_id();
  if (asked->find("merchantId") != nullptr || user.empty())
    return make_invoice(visit, *asked, member_of(asked->arguments, "merchantId"), std::move(done));
  visit->get("/v1/merchants?limit=2&user_id=" + user, [visit, asked, done = std::move(done)](Resolved page) {
    if (!page)
      return done(std::move(page));
    const Value mine = member_of(*page, "data");
    if (mine.items.size() > 1)
      return done(std::unexpected(graphql::fault(
          "invalid_field", "You have several merchants: give the merchantId of the one that is meant.")));
    make_invoice(visit, *asked, mine.items.empty() ? Value{} : member_of(mine.items.front(), "id"), done);
  });
}

}  // namespace dompet::http::fields
