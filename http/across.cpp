#include "http/across.hpp"

#include <memory>

#include "domain/shard.hpp"

namespace dompet::http {

namespace {

/// One search, going from database to database on their pools' threads. It lives as long as a pool has it.
class SearchOfAll : public std::enable_shared_from_this<SearchOfAll> {
 public:
  SearchOfAll(Services& services, ExchangePtr exchange, Search search, Problem otherwise)
      : engine_(services.engine), ask_(services.ask), exchange_(std::move(exchange)), search_(std::move(search)),
        otherwise_(std::move(otherwise)) {}

  void ask(int database) {
    if (database == engine_.databases())
      return finish(respond(otherwise_, exchange_->request));
    const bool is_taken = engine_.query(
        [self = shared_from_this(), database](Reader& reader) {
          if (auto found = self->search_(reader, self->exchange_->request))
            self->finish(std::move(*found));
          else
            self->ask(database + 1);
        },
        [self = shared_from_this(), database](const std::string& reason) { self->miss(database, reason); }, database);
    if (!is_taken)
      miss(database, "its queue is full");
  }

 private:
  /// Another one may have it all the same; when none has, it may be in this one.
  void miss(int database, const std::string& reason) {
    log_event(LogLevel::warning, "a query failed",
              {{"request_id", exchange_->request.request_id}, {"database", database}, {"reason", reason}});
    otherwise_ = database_silent(database);
    ask(database + 1);
  }

  /// The exchange goes back to the io thread, so that the pool keeps no part of it.
  void finish(HttpResponse response) {
    auto kept = std::make_shared<HttpResponse>(std::move(response));
    ask_.post([exchange = std::move(exchange_), kept] { exchange->answer(std::move(*kept)); });
  }

  Engine& engine_;
  Ask& ask_;
  ExchangePtr exchange_;
  Search search_;
  Problem otherwise_;
};

}  // namespace

void answer_about_wallet(Services& services, const ExchangePtr& exchange, const WalletId& wallet,
                         QueryWorkForAnswer work) {
  const Shard shard = shard_of(wallet, services.engine.shard_count());
  const auto database = services.engine.database_of(shard);
  if (!database)
    return refuse(exchange, shard_on_its_way(shard));
  if (services.engine.databases() == 1)
    return answer_by_query(services, exchange, std::move(work));
  const auto guarded = [shard, work = std::move(work)](Reader& reader, const HttpRequest& request) {
    Share<HttpResponse> share = read_share<HttpResponse>(reader, [&](Reader& same) { return work(same, request); });
    const bool is_here = std::ranges::binary_search(share.shards, shard);
    return is_here ? std::move(share.part) : respond(shard_on_its_way(shard), request);
  };
  answer_by_query(services, exchange, guarded, *database);
}

void answer_by_search(Services& services, const ExchangePtr& exchange, Search search, Problem otherwise) {
  if (services.engine.databases() > 1)
    return std::make_shared<SearchOfAll>(services, exchange, std::move(search), std::move(otherwise))->ask(0);
  answer_by_query(
      services, exchange,
      [search = std::move(search), otherwise = std::move(otherwise)](Reader& reader, const HttpRequest& request) {
        auto found = search(reader, request);
        return found ? std::move(*found) : respond(otherwise, request);
      });
}

}  // namespace dompet::http
