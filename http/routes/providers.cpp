#include <chrono>
#include <utility>

#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/body.hpp"
#include "http/body_fields.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "providers/signature.hpp"

namespace dompet::http::routes {

namespace {

/// The one provider that there is.
constexpr std::string_view known_provider = "simulator";

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::optional<Problem> problem_of(const HttpRequest& request, std::string_view secret) {
  const auto header = [&request](std::string_view name) { return request.header(name).value_or(std::string_view{}); };
  const SignedCallback callback{header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"),
                                request.body};
  switch (fault_of(secret, callback, now_s())) {
    case CallbackFault::none: return std::nullopt;
    case CallbackFault::too_old:
      return Problem{.code = "invalid_signature", .detail = "The timestamp is more than five minutes off."};
    default: return Problem{.code = "invalid_signature"};
  }
}

struct Callback {
  TransactionId transaction{};
  Decision outcome = Decision::none;
};

Read<Callback> read_callback(std::string_view body) {
  const auto object = read_object(body);
  if (!object)
    return std::unexpected(object.error());
  std::vector<FieldError> errors;
  BodyFields fields(*object, {"transaction_id", "outcome"}, errors);
  Callback callback;
  callback.transaction = {fields.optional_id("transaction_id").value_or(Uuid{})};
  if (callback.transaction == TransactionId{} && errors.empty())
    fields.fault("transaction_id", "missing_field", "The field is required.");
  const std::string outcome = fields.word("outcome");
  callback.outcome = outcome == "completed" ? Decision::credited : Decision::refused;
  if (!outcome.empty() && outcome != "completed" && outcome != "refused")
    fields.fault("outcome", "invalid_field", "One of completed, refused.");
  return value_or_errors(callback, std::move(errors));
}

}  // namespace

/// Any node takes it: the word goes to the coordinator of the transfer. One that comes twice changes nothing the second
/// time, so there is nothing to remember about callbacks.
void take_provider_callback(Services& services, const ExchangePtr& exchange) {
  if (exchange->captures[0] != known_provider)
    return refuse(exchange, {.code = "provider_not_found"});
  if (const auto problem = problem_of(exchange->request, services.settings.callback_secret))
    return refuse(exchange, *problem);
  const auto callback = read_callback(exchange->request.body);
  if (!callback)
    return refuse(exchange, callback.error());
  answer_by_search(services, exchange,
                   [callback = *callback,
                    &engine = services.engine](Reader& reader, const HttpRequest&) -> std::optional<HttpResponse> {
                     const auto saga = reader.saga(callback.transaction);
                     if (!saga || (saga->kind != TransactionKind::withdrawal && saga->kind != TransactionKind::topup))
                       return std::nullopt;
                     engine.submit(0, ProviderWordRequest{.saga = callback.transaction,
                                                          .source_shard = saga->source_shard,
                                                          .outcome = callback.outcome,
                                                          .known = true});
                     return json_response(R"({"received":true})");
                   },
                   {.code = "transaction_not_found"});
}

}  // namespace dompet::http::routes
