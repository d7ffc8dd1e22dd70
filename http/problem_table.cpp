#include <algorithm>
#include <array>

#include "domain/ensure.hpp"
#include "http/problem.hpp"

namespace dompet::http {

namespace {

constexpr std::array types{
    // 400: the request is not what this API understands.
    ProblemType{"malformed_json", 400, "The body is not a JSON object", false,
                "The body could not be read as one JSON object in UTF-8: a syntax error, a repeated member, or nesting "
                "deeper than 16 levels. `detail` says where."},
    ProblemType{"unknown_field", 400, "The body has a field that this route does not know", false,
                "Fields that are not understood are refused, so that a misspelt one is never silently ignored."},
    ProblemType{"missing_field", 400, "A required field is missing", false, "`errors` names the field."},
    ProblemType{"invalid_field", 400, "A field has the wrong type or length", false, "`errors` says which and why."},
    ProblemType{
        "invalid_amount", 400, "An amount is not valid in its currency", false,
        "An amount is a string such as \"125000.00\" with at most the currency's decimals, or a JSON integer of "
        "whole major units; greater than zero, without sign or exponent."},
    ProblemType{"invalid_id", 400, "An id is not a UUID", false, "Ids are UUIDs in their canonical text form."},
    ProblemType{"unknown_currency", 400, "The currency is not known", false,
                "Currencies are the three-letter codes of ISO 4217, in upper case."},
    ProblemType{"unknown_method", 400, "The method is not known", false, "GET /v1/topups/methods lists the methods."},
    ProblemType{"amount_too_small", 400, "The amount is less than the least top-up", false,
                "`detail` names the least amount."},
    ProblemType{"unknown_permission", 400, "There is no such permission", false,
                "GET /v1/permissions lists the permissions; an API key may have a few of them."},
    ProblemType{"invalid_card_number", 400, "This is no card number", false,
                "A card number has sixteen digits, the last of which is right by Luhn's formula."},
    ProblemType{
        "invalid_va_number", 400, "This is no number of a virtual account", false,
        "One of Dompet's own begins with its prefix and ends with a check digit, by Luhn's formula; others have "
        "letters, digits and dashes."},
    ProblemType{"too_many_items", 400, "The bulk request has too many items", false,
                "A bulk request carries at least one and at most 1000 items."},
    ProblemType{"idempotency_key_required", 400, "The Idempotency-Key is missing", false,
                "Every request that moves money carries an Idempotency-Key, so that it can be repeated safely."},
    ProblemType{
        "invalid_idempotency_key", 400, "The Idempotency-Key is not valid", false,
        "An Idempotency-Key has 1 to 128 printable ASCII characters, bare or in double quotes, and is sent once."},
    ProblemType{"unknown_parameter", 400, "The query has a parameter that this route does not know", false,
                "Parameters that are not understood, or sent twice, are refused. `errors` names them."},
    ProblemType{"invalid_parameter", 400, "A query parameter is not valid", false, "`errors` says which and why."},
    ProblemType{"invalid_cursor", 400, "The cursor is not valid", false,
                "A cursor is taken as it is from `next_cursor` of an earlier page."},
    ProblemType{"cursor_mismatch", 400, "The cursor belongs to another list", false,
                "A cursor goes on only in the list, with the filters, that it came from."},
    ProblemType{"quote_mismatch", 400, "The quote is for another amount or currency", false,
                "A quote is good for exactly the amount and currency that it was made for. Nothing was moved."},
    ProblemType{"invalid_code", 400, "The code is not valid", false,
                "It was used, has expired, was replaced by a newer one, or was never given out. Ask for another."},
    // 401: who are you?
    ProblemType{"unauthenticated", 401, "The request does not say who sends it", false,
                "Send `Authorization: Bearer <access token>`; POST /v1/auth/login gives one."},
    ProblemType{"invalid_token", 401, "The access token is not valid", false,
                "It has expired, was revoked, or is no access token of this service. POST /v1/auth/refresh gives "
                "another one for a refresh token."},
    ProblemType{"invalid_api_key", 401, "The API key is not valid", false,
                "It was never given out, was revoked, has expired, or its merchant is gone."},
    ProblemType{"invalid_credentials", 401, "E-mail address or password is wrong", false,
                "Which of the two is not said. Five failures lock the account's login for a quarter of an hour."},
    ProblemType{"invalid_refresh_token", 401, "The refresh token is not valid", false,
                "It has expired, its session is over, or it was used before: then its whole session is revoked, "
                "because somebody may have a copy. Log in again."},
    ProblemType{"invalid_signature", 401, "The callback's signature is not valid", false,
                "A provider signs `<webhook-id>.<webhook-timestamp>.<body>` by HMAC-SHA256 with the secret that both "
                "know, at most five minutes ago, and sends the three headers of Standard Webhooks."},
    // 402: the money is not there, or a limit stands against it.
    ProblemType{"insufficient_funds", 402, "The available balance does not cover the amount", false,
                "Nothing was moved. A new attempt needs a new Idempotency-Key."},
    ProblemType{"transaction_limit_exceeded", 402, "The amount is over the wallet's limit for one transaction", false,
                "Nothing was moved. The limit is in the wallet's `limits.per_transaction`."},
    ProblemType{"daily_limit_exceeded", 402, "The amount is over what may still leave the wallet today", false,
                "A day begins at 00:00 UTC. The limits are in the wallet's `limits`, what left is in `spent`."},
    ProblemType{
        "weekly_limit_exceeded", 402, "The amount is over what may still leave the wallet this week", false,
        "A week begins on Monday at 00:00 UTC. The limits are in the wallet's `limits`, what left is in `spent`."},
    ProblemType{
        "monthly_limit_exceeded", 402, "The amount is over what may still leave the wallet this month", false,
        "A month begins on its first day at 00:00 UTC. The limits are in the wallet's `limits`, what left is in "
        "`spent`."},
    ProblemType{"maximum_balance_exceeded", 402, "The receiving wallet would hold more than it may", false,
                "The limit is in that wallet's `limits.maximum_balance`. Nothing was moved."},
    ProblemType{"card_refused", 402, "The card cannot be used for this payment", false,
                "Number, expiry and CVV do not belong together, or the card has expired. Which of it is not said. "
                "Nothing was moved."},
    // 403: not yours to do.
    ProblemType{"risk_blocked", 403, "The transaction was refused for security reasons", false,
                "Rules against fraud refused it, for good. Ask the support if you think that they are wrong."},
    ProblemType{"risk_rejected", 403, "The transaction was looked at for security reasons and not approved", false,
                "Nobody got the money; it is available again."},
    ProblemType{"own_transaction", 403, "An officer does not decide on his own transaction", false,
                "One of its wallets belongs to you, or you made it. Somebody else must look at it."},
    ProblemType{"forbidden", 403, "You may not do this", false,
                "`detail` names the permission that it needs. GET /v1/auth/me lists what you may do."},
    // 404
    ProblemType{"not_found", 404, "There is nothing at this address", false, "See /docs for the addresses there are."},
    ProblemType{"wallet_not_found", 404, "There is no such wallet", false, "Or none that you may see."},
    ProblemType{"transaction_not_found", 404, "There is no such transaction", false, "Or none that you may see."},
    ProblemType{"payment_not_found", 404, "There is no such payment", false, "Or none of yours."},
    ProblemType{"destination_not_found", 404, "Nobody can receive money under this name or card number", false,
                "There is no such user or card, or none with a wallet in this currency. Nothing was moved."},
    ProblemType{"user_not_found", 404, "There is no such user", false, "Or none that you may see."},
    ProblemType{"role_not_found", 404, "There is no such role", false, "GET /v1/roles lists the roles there are."},
    ProblemType{"card_not_found", 404, "There is no such card", false, "Or none that you may see."},
    ProblemType{"merchant_not_found", 404, "There is no such merchant", false, "Or none that you may see."},
    ProblemType{"document_not_found", 404, "There is no such document", false, "Or none that you may see."},
    ProblemType{"api_key_not_found", 404, "The merchant has no such key", false,
                "GET /v1/merchants/{id}/api-keys lists the keys it has."},
    ProblemType{"invoice_not_found", 404, "There is no such invoice", false,
                "Or none that you may see; nobody is to be paid under this number of a virtual account."},
    ProblemType{"notice_not_found", 404, "There is no such notice", false,
                "GET /v1/marketplace-notices lists the notices there are."},
    ProblemType{"mail_not_found", 404, "There is no such mail", false, "Mails are forgotten after `mail.keep_days`."},
    ProblemType{"webhook_endpoint_not_found", 404, "There is no such webhook endpoint", false,
                "Or none that you may see. GET /v1/webhook-endpoints lists those there are."},
    ProblemType{"webhook_delivery_not_found", 404, "There is no such delivery", false,
                "Or none that you may see; what was delivered or failed is kept for some days only."},
    ProblemType{"provider_not_found", 404, "There is no such provider", false, "Nobody pays out under this name."},
    ProblemType{"assessment_not_found", 404, "There is no such assessment", false,
                "No transaction has this id, or no risk rule looked at it."},
    ProblemType{"saga_not_found", 404, "There is no such saga", false, "Only transfers are sagas."},
    ProblemType{"bulk_not_found", 404, "There is no such bulk job here", false,
                "A job lives in the memory of the node that took it, and ends with it."},
    ProblemType{"view_not_found", 404, "There is no such saved view", false, "GET /v1/sagas/views lists them."},
    ProblemType{"node_not_found", 404, "There is no such node", false, "GET /v1/cluster lists the nodes there are."},
    ProblemType{"shard_not_found", 404, "There is no such shard", false, "GET /v1/cluster lists the shards there are."},
    ProblemType{
        "rate_not_found", 404, "There is no rate between the two currencies", false,
        "Neither for the pair, nor the other way round, nor through a third currency. GET /v1/fx/rates lists the "
        "rates there are."},
    ProblemType{"quote_not_found", 404, "There is no such quote", false, "Or none of yours. Nothing was moved."},
    ProblemType{"method_not_allowed", 405, "This address does not know the method", false,
                "The header Allow lists the methods that it knows."},
    // 409: the state of things stands against it.
    ProblemType{"in_progress", 409, "The same request is still under way", true,
                "A request with this Idempotency-Key has not been answered yet. Repeat it, with the same key, later."},
    ProblemType{"wallet_frozen", 409, "The wallet is frozen", false, "A frozen wallet neither pays nor receives."},
    ProblemType{"wallet_closed", 409, "The wallet is closed", false, "A closed wallet is never opened again."},
    ProblemType{"currency_mismatch", 409, "The wallet holds another currency", false,
                "Both wallets and the amount must be of one currency, unless the request names a `quote_id`: POST "
                "/v1/fx/quotes makes a quote from the source's currency to the destination's."},
    ProblemType{"converts_to_nothing", 409, "Converted, it is less than the smallest unit", false,
                "The amount comes to less than one minor unit of the other currency. Nothing was moved."},
    ProblemType{"rate_too_old", 409, "The rate is too old to convert by", true,
                "Nobody is paid by a rate that is older than the service allows. Try again when a new one has come."},
    ProblemType{"quote_expired", 409, "The quote is over", false,
                "Nothing was moved. POST /v1/fx/quotes makes another."},
    ProblemType{"quote_used", 409, "The quote was used", false,
                "A quote is good for one request; to repeat that one, send its Idempotency-Key. Nothing was moved."},
    ProblemType{"payment_converted", 409, "A converted payment is not incremented", false,
                "Its quote is for one amount. Void it, or capture it, and make another payment with another quote."},
    ProblemType{"same_wallet", 409, "Source and destination are the same wallet", false, "Nothing was moved."},
    ProblemType{"balance_overflow", 409, "The balance would be larger than can be counted", false,
                "Nothing was moved."},
    ProblemType{"too_many_wallets", 409, "You have more wallets than one dashboard adds up", false,
                "At most 5,000. GET /v1/statistics answers for each wallet."},
    ProblemType{"hold_not_found", 409, "There is no such hold", false, "It was captured or released before."},
    ProblemType{"hold_exceeded", 409, "The amount is more than the hold has left", false, "Nothing was moved."},
    ProblemType{"card_blocked", 409, "The card is frozen or was deleted", false, "Nothing was moved."},
    ProblemType{"merchant_not_active", 409, "The merchant cannot be paid now", false,
                "A merchant is paid once its status is active. Nothing was moved."},
    ProblemType{"invoice_paid", 409, "The invoice is paid already", false,
                "Nothing was moved: an invoice is paid once."},
    ProblemType{"invoice_expired", 409, "The time to pay the invoice is over", false,
                "Nothing was moved. The merchant can issue another one."},
    ProblemType{"invoice_cancelled", 409, "The merchant has cancelled the invoice", false, "Nothing was moved."},
    ProblemType{"invoice_under_way", 409, "A payment of the invoice is under way", true,
                "Its end is not known yet: ask again in a while. It is soon paid, or open again."},
    ProblemType{"amount_mismatch", 409, "The bill is over another amount", false,
                "A bill is paid with exactly its amount, in its currency. Nothing was moved."},
    ProblemType{
        "too_many_paid_invoices", 409, "The merchant's wallet can remember no more paid invoices now", true,
        "It remembers every paid invoice until its time is over. Nothing was moved; try again when some are, with "
        "a new key."},
    ProblemType{"order_not_unpaid", 409, "The marketplace does not say that its order is unpaid", false,
                "Only what is known to be unpaid is paid; `detail` says what the marketplace calls it. Nothing was "
                "moved."},
    ProblemType{"notice_not_due", 409, "The marketplace is not to be told", false,
                "It has heard already, or the payment's end is not known yet."},
    ProblemType{"payment_not_open", 409, "The payment has no authorization left", false,
                "It was captured, voided or has expired, or never was to be captured later. Nothing was moved."},
    ProblemType{"not_refundable", 409, "Only payments can be refunded", false,
                "A transfer is undone by a transfer in the other direction."},
    ProblemType{"refund_exceeded", 409, "The refund is more than is left to refund", false,
                "All refunds of a payment together are no more than was captured. Nothing was moved."},
    ProblemType{"provider_refused", 409, "The payment provider refused", false,
                "The money is where it was before. A new attempt needs a new Idempotency-Key."},
    ProblemType{"wallet_not_empty", 409, "Only an empty wallet can be closed", false, "Move its money out first."},
    ProblemType{"wallet_has_holds", 409, "A wallet with holds cannot be closed", false,
                "Wait until its transfers under way are final."},
    ProblemType{"too_many_webhook_endpoints", 409, "There are as many webhook endpoints as there may be", false,
                "Of one merchant, or of one user beside those of his merchants. Delete one first."},
    ProblemType{"webhook_endpoint_disabled", 409, "The webhook endpoint is disabled", false,
                "`disabled_reason` of the endpoint says why. POST /v1/webhook-endpoints/{id}/enable first."},
    ProblemType{"already_exists", 409, "It exists already", false, "Nothing was changed."},
    ProblemType{"in_trash", 409, "It is in the trash", false,
                "Restore it first (POST …/restore); what is in the trash is not changed and not used."},
    ProblemType{"not_in_trash", 409, "It is not in the trash", false,
                "Only what is in the trash is deleted for good: DELETE it first."},
    ProblemType{"still_referenced", 409, "Something still points at it", false,
                "Money records, which are never deleted, or other things. It stays in the trash."},
    ProblemType{"status_refused", 409, "It does not get this status from the one it has", false, "`detail` says why."},
    ProblemType{"mail_is_gone", 409, "The mail cannot be sent again", false,
                "It was sent, or carried a code: what it said is wiped. Ask for another code."},
    ProblemType{"last_administrator", 409, "It is the last administrator", false,
                "Somebody who can log in must stay one. Give the role to somebody else first."},
    ProblemType{"role_protected", 409, "The program relies on this role", false,
                "It is never changed or deleted. Make a role of your own."},
    ProblemType{"too_many_api_keys", 409, "The merchant has too many keys", false, "Revoke one first."},
    ProblemType{"cancelled", 409, "The transfer was cancelled", false,
                "It was cancelled before the destination accepted it; the money is back in the source wallet."},
    ProblemType{"rate_expired", 409, "The rate became too old while it was looked at", false,
                "Nobody got the money; it is available again. Make another quote, and send it anew."},
    ProblemType{"not_under_review", 409, "The transaction does not wait for an officer", false,
                "It was decided meanwhile, or risk rules never asked for a review."},
    ProblemType{
        "saga_is_final", 409, "The transfer is over", false,
        "It is settled, released or declined, and takes no orders. The undo of a settled one is a new transfer."},
    ProblemType{"order_refused", 409, "The transfer's owner did not take the order", false, "`detail` says why."},
    ProblemType{"cluster_refuses", 409, "The cluster cannot do that", false, "`detail` says why."},
    ProblemType{"too_many_archived", 409, "Too many transactions are archived", false, "Unarchive one first."},
    ProblemType{"too_many_views", 409, "There are too many saved views", false, "Delete one first."},
    ProblemType{"too_many_jobs", 409, "Too many bulk jobs are under way", true,
                "Wait until one of them is done, or abort one."},
    // The form of the request
    ProblemType{"version_mismatch", 412, "Somebody else changed it meanwhile", false,
                "`version` must be that of what is replaced. Read it again, and decide again."},
    ProblemType{"body_too_large", 413, "The body is too large", false,
                "A body has at most 1 MiB, of a bulk request at most 8 MiB."},
    ProblemType{"unsupported_media_type", 415, "The body is not application/json", false,
                "Send JSON in UTF-8 with `Content-Type: application/json`."},
    ProblemType{"idempotency_key_reused", 422, "The Idempotency-Key was used for another request", false,
                "A key belongs to the first request that carried it. A new request needs a new key."},
    ProblemType{"too_many_requests", 429, "You have too many requests under way", true,
                "Nothing was done for this request. Wait for answers, or for Retry-After, before you send more."},
    ProblemType{"rate_limited", 429, "You have sent too many requests", true,
                "Nothing was done for this request. The RateLimit headers say how many may be sent, Retry-After when."},
    ProblemType{"too_many_attempts", 429, "There were too many failed logins", true,
                "The account or the address is locked for logins until Retry-After has passed, also with the right "
                "password."},
    ProblemType{"header_too_large", 431, "The header is too large", false,
                "Request line and header fields together have at most 16 KiB."},
    // Ours
    ProblemType{"internal_error", 500, "Something is wrong on our side", true,
                "A money request may be repeated with the same Idempotency-Key; it is done at most once."},
    ProblemType{"not_ready", 503, "The service cannot take money yet", true,
                "It is starting, or has lost its database. Nothing was done."},
    ProblemType{"overloaded", 503, "The service has more work than it can do", true,
                "Nothing was done for this request. Repeat it, with the same key, after Retry-After: an earlier "
                "request with the key may have been carried out."},
    ProblemType{
        "unavailable", 503, "The service cannot do this now", true,
        "Repeat the request, with the same key, after Retry-After. `applied` says whether it may have been done."},
    ProblemType{
        "marketplace_unavailable", 503, "The marketplace does not answer", true,
        "Whose bill it is must be asked what is to be paid. Nothing was moved; repeat the request, with the same "
        "key."},
    ProblemType{"database_unavailable", 503, "One of the ledger's databases cannot answer", true,
                "`detail` says which. What the others have is not shown: an incomplete list would look complete."},
    ProblemType{
        "outcome_unknown", 503, "It is not known whether the request was carried out", true,
        "Repeat it with the same Idempotency-Key: the answer is what really happened, and it is done at most once."},
    ProblemType{
        "owner_unreachable", 503, "The transfer's owner cannot be reached", true,
        "Its node is down, or its shard is changing hands; another one will take it over. `applied` says whether "
        "the order may have been taken."},
    ProblemType{
        "risk_unavailable", 503, "What judges the transaction cannot be read now", true,
        "Risk rules, or what they look at, are not known well enough. Nothing was done; repeat the request, with the "
        "same key, after Retry-After."},
    ProblemType{"shutting_down", 503, "The service is being stopped", true, "Nothing was done. Try again soon."},
};

}  // namespace

std::span<const ProblemType> problem_types() { return types; }

const ProblemType* find_problem_type(std::string_view code) {
  const auto found = std::ranges::find(types, code, &ProblemType::code);
  return found == types.end() ? nullptr : &*found;
}

const ProblemType& problem_type(std::string_view code) {
  const ProblemType* found = find_problem_type(code);
  ensure(found != nullptr, "every problem code is in the table");
  return *found;
}

}  // namespace dompet::http
