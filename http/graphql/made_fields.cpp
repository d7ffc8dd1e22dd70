#include "http/graphql/fields.hpp"

namespace dompet::http::fields {

using graphql::Value;

namespace {

std::string upper_case(std::string text) {
  for (char& letter : text)
    letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  return text;
}

}  // namespace

Value wallet_status(const Value& source) { return Value::of_text(upper_case(member_of(source, "status").text)); }

Value full_name(const Value& source) {
  return Value::of_text(member_of(source, "first_name").text + " " + member_of(source, "last_name").text);
}

Value first_role(const Value& source) {
  const Value roles = member_of(source, "roles");
  return roles.items.empty() ? Value{} : roles.items.front();
}

Value simple_type(const Value& source) {
  const std::string kind = member_of(source, "kind").text;
  return Value::of_text(kind == "topup" ? "DEPOSIT" : upper_case(kind));
}

Value simple_status(const Value& source) {
  const std::string status = member_of(source, "status").text;
  if (status == "completed")
    return Value::of_text("SUCCESS");
  const bool has_failed = status == "declined" || status == "failed" || status == "cancelled";
  return Value::of_text(has_failed ? "FAILED" : "PENDING");
}

Value simple_wallet(const Value& source) {
  if (const Value* mine = source.find("my_wallet_id"))
    return *mine;
  Value wallet = member_of(source, "source_wallet_id");
  return wallet.is_null() ? member_of(source, "destination_wallet_id") : wallet;
}

Value itself(const Value& source) { return source; }

/// What is let through with a reason against it is suspicious too.
Value fraud_status(const Value& source) {
  const std::string action = member_of(source, "action").text;
  const bool has_reasons = !member_of(source, "reasons").items.empty();
  return Value::of_text(action == "block" ? "FRAUD" : action == "review" || has_reasons ? "SUSPICIOUS" : "SAFE");
}

Value is_fraud(const Value& source) { return Value::of_truth(fraud_status(source).text == "FRAUD"); }

Value fraud_reason(const Value& source) {
  std::string text;
  for (const Value& reason : member_of(source, "reasons").items)
    (text += text.empty() ? "" : "; ") += member_of(reason, "text").text;
  return Value::of_text(text.empty() ? "No rule speaks against it." : text);
}

Value order_status(const Value& source) {
  const std::string status = member_of(source, "status").text;
  return Value::of_text(status == "open" ? "PENDING" : status == "paid" ? "PROCESS" : upper_case(status));
}

Value order_payment(const Value& source) {
  const std::string status = member_of(source, "status").text;
  return Value::of_text(status == "paid" ? "PAID" : status == "closed" ? "UNKNOWN" : "UNPAID");
}

}  // namespace dompet::http::fields
