#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/gather.hpp"

namespace dompet::http {

// Answers that a ledger in several databases gives as one. With one database each of them is one query, as
// `answer_by_query` does it.

/// What one database has of something that is spread over all, and the shards that it speaks for.
template <class Part>
struct Share {
  std::vector<Shard> shards{};
  Part part{};
};

/// Reads so that no shard comes or goes meanwhile. Throws Unavailable when one does, and what `read` throws.
template <class Part>
Share<Part> read_share(Reader& reader, const std::function<Part(Reader& reader)>& read) {
  Share<Part> share{reader.shards_here(), read(reader)};
  if (reader.shards_here() != share.shards)
    throw Unavailable("a shard is moving between databases");
  return share;
}

/// Why the shares do not make a whole: a database is silent, or a shard is in none of them, or in two. What is
/// incomplete must not look complete.
template <class Part>
std::optional<Problem> fault_of(const Parts<Share<Part>>& shares, Shard shard_count) {
  std::vector<int> places(shard_count);
  for (std::size_t database = 0; database < shares.size(); ++database) {
    if (!shares[database])
      return database_silent(static_cast<int>(database));
    for (const Shard shard : shares[database]->shards)
      if (shard < shard_count)
        ++places[shard];
  }
  const auto odd = std::ranges::find_if(places, [](int count) { return count != 1; });
  return odd == places.end() ? std::nullopt : std::optional{shard_on_its_way(odd - places.begin())};
}

/// Answers with what all databases together have: `read` runs on the query pools, `unite` and `render` behind it.
/// 503 when one of them does not answer.
template <class Part>
void answer_from_all(Services& services, const ExchangePtr& exchange, std::function<Part(Reader& reader)> read,
                     std::function<Part(std::vector<Part> parts)> unite,
                     std::function<HttpResponse(const Part& whole, const HttpRequest& request)> render) {
  if (services.engine.databases() == 1)
    return answer_by_query(services, exchange,
                           [read = std::move(read), render = std::move(render)](
                               Reader& reader, const HttpRequest& request) { return render(read(reader), request); });
  gather<Share<Part>>(
      services, exchange, [read = std::move(read)](Reader& reader) { return read_share<Part>(reader, read); },
      [exchange, unite = std::move(unite), render = std::move(render),
       shard_count = services.engine.shard_count()](Parts<Share<Part>> shares) {
        if (const auto fault = fault_of(shares, shard_count))
          return refuse(exchange, *fault);
        std::vector<Part> parts;
        for (auto& share : shares)
          parts.push_back(std::move(share->part));
        exchange->answer(render(unite(std::move(parts)), exchange->request));
      });
}

/// The same for lists: each part is a page in the list's order, the whole has `most` rows of it at most.
template <class Row>
void answer_list(Services& services, const ExchangePtr& exchange, std::function<std::vector<Row>(Reader& reader)> read,
                 std::function<bool(const Row& left, const Row& right)> comes_before, int most,
                 std::function<HttpResponse(const std::vector<Row>& rows, const HttpRequest& request)> render) {
  using Rows = std::vector<Row>;
  const auto merge = [comes_before = std::move(comes_before), most](std::vector<Rows> pages) {
    Rows whole;
    for (Rows& page : pages)
      std::ranges::move(page, std::back_inserter(whole));
    std::ranges::stable_sort(whole, comes_before);
    whole.resize(std::min(whole.size(), static_cast<std::size_t>(most)));
    return whole;
  };
  answer_from_all<Rows>(services, exchange, std::move(read), merge, std::move(render));
}

/// Answers from the wallet's database; 503 while it is not known which that is.
void answer_about_wallet(Services& services, const ExchangePtr& exchange, const WalletId& wallet,
                         QueryWorkForAnswer work);

/// Asks one database after another until one has an answer; `otherwise` when none has, 503 when one did not say.
using Search = std::function<std::optional<HttpResponse>(Reader& reader, const HttpRequest& request)>;
void answer_by_search(Services& services, const ExchangePtr& exchange, Search search, Problem otherwise);

}  // namespace dompet::http
