#include "http/party.hpp"

#include <utility>

#include "http/answers.hpp"
#include "http/gather.hpp"

namespace dompet::http {

namespace {

using Party = std::optional<MovementParty>;

/// The other databases have an empty table.
void with_party(Services& services, const ExchangePtr& exchange, std::function<Party(MovementReader& reader)> find,
                ThenParty then) {
  gather<Party>(
      services, exchange,
      [find = std::move(find)](Reader& reader) {
        MovementReader movements(reader);
        return find(movements);
      },
      [exchange, then = std::move(then)](const Parts<Party>& parts) {
        if (!parts.front())
          return refuse(exchange, database_silent(0));
        then(*parts.front());
      });
}

}  // namespace

void with_card(Services& services, const ExchangePtr& exchange, const Uuid& card, ThenParty then) {
  with_party(services, exchange, [card](MovementReader& reader) { return reader.card(card); }, std::move(then));
}

void with_merchant(Services& services, const ExchangePtr& exchange, const Uuid& merchant, ThenParty then) {
  with_party(
      services, exchange, [merchant](MovementReader& reader) { return reader.merchant(merchant); }, std::move(then));
}

}  // namespace dompet::http
