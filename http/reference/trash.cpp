#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "http/answers.hpp"
#include "http/gather.hpp"
#include "http/reference/pool.hpp"
#include "http/reference/resource.hpp"

namespace dompet::http {

namespace {

using Rows = std::vector<ReferenceRow>;
using Ids = std::vector<Uuid>;

/// Rows of the trash that one round trip is about.
constexpr int rows_a_step = 200;
/// After this the answer says that there is more, and the client asks again. Well below the request's deadline.
constexpr std::chrono::seconds longest_sweep{20};

/// Goes on with the rows that a money record points at, in whichever database; refuses when one cannot tell.
void find_named(Services& services, const ExchangePtr& exchange, const Resource& resource,
                const std::shared_ptr<const Rows>& rows, std::function<void(Ids named)> then) {
  if (resource.named_by_money == nullptr || rows->empty())
    return then({});
  gather<Ids>(
      services, exchange, [&resource, rows](Reader& reader) { return resource.named_by_money(reader, *rows); },
      [exchange, then = std::move(then)](Parts<Ids> parts) {
        Ids named;
        for (std::size_t database = 0; database < parts.size(); ++database) {
          if (!parts[database])
            return refuse(exchange, database_silent(static_cast<int>(database)));
          std::ranges::copy(*parts[database], std::back_inserter(named));
        }
        then(std::move(named));
      });
}

bool is_among(const Ids& ids, const Uuid& id) { return std::ranges::find(ids, id) != ids.end(); }

/// Goes through a trash page by page, newest first, and past what it cannot take.
class Sweep : public std::enable_shared_from_this<Sweep> {
 public:
  Sweep(Services& services, ExchangePtr exchange, const Resource& resource, Deed deed)
      : services_(services), exchange_(std::move(exchange)), resource_(resource), deed_(deed),
        owner_(owner_of(*exchange_)), act_(act_of(*exchange_)), guard_(guard_of(resource, *exchange_, deed)) {}

  void next_page() {
    if (std::chrono::steady_clock::now() - began_ > longest_sweep)
      return say(true);
    ask_pool<Rows>(
        services_, exchange_,
        [&resource = resource_,
         query =
             ReferenceQuery{.state = TrashState::trashed, .owner = owner_, .before = before_, .limit = rows_a_step}](
            Reader& reader) { return ReferenceStore(reader, resource.table).list(query); },
        [self = shared_from_this()](Rows rows) { self->on_page(std::move(rows)); });
  }

 private:
  void on_page(Rows rows) {
    if (rows.empty())
      return say(false);
    before_ = rows.back().id;
    rows_ = std::make_shared<const Rows>(std::move(rows));
    if (deed_ == Deed::restore)
      return prepare(0);
    find_named(services_, exchange_, resource_, rows_,
               [self = shared_from_this()](Ids named) { self->take(std::move(named)); });
  }

  /// What a restored row needs elsewhere, row by row.
  void prepare(std::size_t index) {
    if (resource_.before == nullptr || index == rows_->size())
      return take({});
    resource_.before(services_, exchange_, deed_, (*rows_)[index],
                     [self = shared_from_this(), index] { self->prepare(index + 1); });
  }

  void take(Ids named) {
    struct Count {
      std::int64_t done = 0;
      std::int64_t kept = 0;
    };
    ask_pool<Count>(
        services_, exchange_,
        [&resource = resource_, rows = rows_, named = std::move(named), deed = deed_, owner = owner_, act = act_,
         guard = guard_](Reader& reader) {
          ReferenceStore store(reader, resource.table);
          Count count;
          for (const ReferenceRow& row : *rows) {
            const bool is_done = deed == Deed::restore
                                     ? store.restore(row.id, owner, act, guard).has_value()
                                     : !is_among(named, row.id) && store.erase(row.id, owner, act, guard).has_value();
            ++(is_done ? count.done : count.kept);
          }
          return count;
        },
        [self = shared_from_this()](Count count) {
          self->done_ += count.done;
          self->kept_ += count.kept;
          self->next_page();
        });
  }

  void say(bool has_more) {
    std::string text;
    JsonWriter json(text);
    json.begin_object().key(deed_ == Deed::restore ? "restored" : "deleted").number(done_);
    json.key("kept").number(kept_).key("has_more").truth(has_more).end_object();
    exchange_->answer(json_response(std::move(text)));
  }

  Services& services_;
  const ExchangePtr exchange_;
  const Resource& resource_;
  const Deed deed_;
  const std::optional<ReferenceOwner> owner_;
  const Act act_;
  const ReferenceGuard guard_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::optional<Uuid> before_{};
  std::shared_ptr<const Rows> rows_{};
  std::int64_t done_ = 0;
  std::int64_t kept_ = 0;
};

void erase_found(Services& services, const ExchangePtr& exchange, const Resource& resource, const Uuid& id) {
  answer_by_query(services, exchange,
                  [&resource, id, owner = owner_of(*exchange), act = act_of(*exchange),
                   guard = guard_of(resource, *exchange, Deed::erase)](Reader& reader, const HttpRequest& request) {
                    const auto row = ReferenceStore(reader, resource.table).erase(id, owner, act, guard);
                    if (!row)
                      return respond(problem_of(resource, row.error()), request);
                    std::string text;
                    JsonWriter json(text);
                    json.begin_object().plain("id", to_string(id)).key("deleted").truth(true).end_object();
                    return json_response(std::move(text));
                  });
}

void sweep(Services& services, const ExchangePtr& exchange, const Resource& resource, Deed deed) {
  if (resource.is_kept_by_staff && !is_for_staff(exchange))
    return;
  std::make_shared<Sweep>(services, exchange, resource, deed)->next_page();
}

}  // namespace

void erase_row(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  if (resource.is_kept_by_staff && !is_for_staff(exchange))
    return;
  with_row(services, exchange, resource, [&services, exchange, &resource](const ReferenceRow& row) {
    if (!row.is_trashed())
      return refuse(exchange, {.code = "not_in_trash"});
    find_named(services, exchange, resource, std::make_shared<const Rows>(Rows{row}),
               [&services, exchange, &resource, id = row.id](const Ids& named) {
                 if (!named.empty())
                   return refuse(exchange, {.code = "still_referenced"});
                 erase_found(services, exchange, resource, id);
               });
  });
}

void restore_all_rows(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  sweep(services, exchange, resource, Deed::restore);
}

void empty_trash(Services& services, const ExchangePtr& exchange, const Resource& resource) {
  sweep(services, exchange, resource, Deed::erase);
}

}  // namespace dompet::http
