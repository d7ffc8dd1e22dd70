#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "graphql/execute.hpp"

namespace dompet::http {

class Visit;
struct Asked;
using VisitPtr = std::shared_ptr<Visit>;
using AskedPtr = std::shared_ptr<const Asked>;

/// What a field of the schema is made of. A field without a row is the member of its own name in snake_case.
struct FieldRow {
  enum class How : std::uint8_t {
    /// The member of this path (`balance.held`) of what it is a field of.
    member,
    /// Made of what it is a field of.
    made,
    /// What GET of the target answers.
    thing,
    /// The same, but null when it is not there or not the caller's to see.
    thing_if_seen,
    /// A connection over a list of /v1.
    list,
    /// What POST of the target answers; its body is the argument `input`, or all arguments.
    order,
    /// The same with an idempotency key.
    money,
    /// A function of its own.
    own,
  };

  /// `Type.field`.
  std::string_view field;
  How how;
  /// A path with places for arguments, {id}, and for members, {.wallet_id}; or the member's path.
  std::string_view target{};
  graphql::Value (*make)(const graphql::Value& source) = nullptr;
  void (*own)(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done) = nullptr;
};

std::span<const FieldRow> field_rows();

/// Null when there is no such member.
graphql::Value member_of(const graphql::Value& source, std::string_view path);

/// Asks the routes for a field whose row is one that asks.
void serve(const FieldRow& row, const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);

/// The newest of a list that is asked for without pages, with the user as its owner where the caller may see those of
/// others.
inline constexpr int longest_plain_list = 200;

// simple_fields.cpp: the fields of a small wallet application.
namespace fields {

void my_profile(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void my_wallets(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void my_transactions(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void my_history(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void node(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void register_user(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void user_of_login(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void create_wallet(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void delete_wallet(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void add_history(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void delete_history(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void delete_all_transactions(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);

// simple_money.cpp: those that move money.
void top_up_wallet(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void deduct_wallet(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void create_transaction(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void simulate_race(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);

// simple_risk.cpp: risks and invoices.
void check_fraud(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void list_fraud_logs(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void delete_fraud_log(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void invoice_of_order(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);
void generate_invoice_va(const VisitPtr& visit, const AskedPtr& asked, graphql::Answered done);

// made_fields.cpp: what is made of other members.
graphql::Value wallet_status(const graphql::Value& source);
graphql::Value full_name(const graphql::Value& source);
graphql::Value first_role(const graphql::Value& source);
graphql::Value simple_type(const graphql::Value& source);
graphql::Value simple_status(const graphql::Value& source);
graphql::Value simple_wallet(const graphql::Value& source);
graphql::Value itself(const graphql::Value& source);
graphql::Value is_fraud(const graphql::Value& source);
graphql::Value fraud_status(const graphql::Value& source);
graphql::Value fraud_reason(const graphql::Value& source);
graphql::Value order_status(const graphql::Value& source);
graphql::Value order_payment(const graphql::Value& source);

}  // namespace fields

}  // namespace dompet::http
