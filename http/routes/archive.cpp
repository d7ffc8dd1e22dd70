#include "http/answers.hpp"
#include "http/body.hpp"
#include "http/reference/pool.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"
#include "http/shown_transaction.hpp"
#include "persistence/archive_store.hpp"

// Money records are never deleted. A user can put one away, so that his own lists leave it out.

namespace dompet::http::routes {

namespace {

/// Puts it away or gets it back, and answers with the transaction, which does not change by it.
void put(Services& services, const ExchangePtr& exchange, bool away) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  if (exchange->caller.kind != Caller::Kind::user)
    return refuse(exchange, {.code = "forbidden", .detail = "Only users have lists of their own."});
  with_shown_transaction(services, exchange, [&services, exchange, away](const StoredTransaction& stored) {
    ask_pool<bool>(
        services, exchange,
        [away, user = UserId{exchange->caller.user}, id = shown_id(stored.record)](Reader& reader) {
          ArchiveStore store(reader);
          if (away)
            return store.archive(user, id);
          store.unarchive(user, id);
          return true;
        },
        [exchange, document = render_transaction(view_of(stored))](bool is_done) {
          if (is_done)
            exchange->answer(json_response(document));
          else
            refuse(exchange, {.code = "too_many_archived"});
        });
  });
}

}  // namespace

void archive_transaction(Services& services, const ExchangePtr& exchange) { put(services, exchange, true); }

void unarchive_transaction(Services& services, const ExchangePtr& exchange) { put(services, exchange, false); }

}  // namespace dompet::http::routes
