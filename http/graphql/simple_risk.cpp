#include <utility>

#include "http/graphql/fields.hpp"
#include "http/graphql/json_value.hpp"
#include "http/graphql/visit.hpp"

namespace dompet::http::fields {

using graphql::Answered;
using graphql::Resolved;
using graphql::Value;

void check_fraud(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  Value body = Value::of_object({{"user_id", *asked->find("userId")},
                                 {"amount", Value::of_text(plain_decimal(asked->text("amount")))},
                                 {"currency", member_of(asked->arguments, "currency")}});
  if (const Value* wallet = asked->find("walletId"))
    body.set("wallet_id", *wallet);
  visit->post("/v1/risk/score", std::move(body), {}, std::move(done));
}

void list_fraud_logs(const VisitPtr& visit, const AskedPtr&, Answered done) {
  visit->get(
      "/v1/risk/assessments?limit=" + std::to_string(longest_plain_list),
      [done = std::move(done)](Resolved page) { done(page ? Resolved{member_of(*page, "data")} : std::move(page)); });
}

void delete_fraud_log(const VisitPtr&, const AskedPtr&, Answered done) {
  done(std::unexpected(graphql::fault("forbidden", "What was decided about a risk is never deleted.")));
}

void order_by_va(const VisitPtr& visit, const AskedPtr& asked, Answered done) {
  visit->get("/v1/invoices?limit=1&va_number=" + percent_encoded(asked->text("vaNumber")),
             [done = std::move(done)](Resolved page) {
               if (!page)
                 return done(std::move(page));
               const Value found = member_of(*page, "data");
               done(found.items.empty() ? Value{} : found.items.front());
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
  visit->get("/v1/merchants?limit=1&user_id=" + user, [visit, asked, done = std::move(done)](Resolved page) {
    if (!page)
      return done(std::move(page));
    const Value mine = member_of(*page, "data");
    make_invoice(visit, *asked, mine.items.empty() ? Value{} : member_of(mine.items.front(), "id"), done);
  });
}

}  // namespace dompet::http::fields
