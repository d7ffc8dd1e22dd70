#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <thread>

#include "persistence/reference_store.hpp"
#include "persistence/vault.hpp"
#include "persistence/webhook_deliveries.hpp"
#include "persistence/webhook_listeners.hpp"
#include "persistence/webhook_queue.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

using namespace std::chrono_literals;

const Act ayu_herself{.who = "ayu@example.com", .request_id = "r-1"};
const WebhookBounds bounds{};
constexpr int no_bound = 100;

/// A user with an endpoint, and two nodes that send.
struct Post {
  Post() {
    make_empty_ledger();
    user = make_row_id();
    REQUIRE(ReferenceStore(reader, user_table)
                .create(user,
                        {{"username", "ayu"},
                         {"first_name", "Ayu"},
                         {"last_name", "Lestari"},
                         {"email", "ayu@example.com"},
                         {"password_hash", "$argon2id$secret"}},
                        {}, ayu_herself));
    endpoint = add_endpoint();
  }

  Uuid add_endpoint() {
    const Uuid id = make_row_id();
    REQUIRE(WebhookEndpoints(reader).add(
        {.id = id, .user = user, .url = "https://shop.example/", .secret_sealed = "sealed"}, {}, ayu_herself, 10));
    return id;
  }

  /// An event of the wallet; its id is its number.
  void add(const WalletId& wallet, int number) { add(wallet, number, endpoint); }
  void add(const WalletId& wallet, int number, const Uuid& to) {
    SqlSession sql = open_session();
    sql.within("BEGIN", [&] {
      add_webhook_deliveries(sql, {{.id = make_row_id(),
                                    .endpoint = to,
                                    .event_id = std::to_string(number),
                                    .event_type = "transfer.completed",
                                    .wallet = wallet,
                                    .wallet_seq = number,
                                    .body = "{\"text\":\"\\u0000 ü\"}"}});
    });
  }

  std::optional<WebhookWork> claim(WebhookQueue& whose, int most = 10) { return whose.claim(60s, no_bound, most); }

  std::int64_t in_state(const std::string& state) {
    SqlSession sql = open_session();
    return count(sql, "webhook_delivery WHERE state = '" + state + "'");
  }

  Reader reader{{.database = database_url()}};
  WebhookQueue node{database_url(), "one", 2};
  WebhookQueue other{database_url(), "other", 2};
  Uuid user{};
  Uuid endpoint{};
};

const WalletId first{make_incarnation().uuid};
const WalletId second{make_incarnation().uuid};

WebhookOutcome outcome(const WebhookWork& work, std::size_t number, std::string_view state) {
  return {.delivery = work.waiting.at(number).delivery,
          .state = state,
          .at_ms = 1'795'000'000'000,
          .status = state == "delivered" ? 200 : 500,
          .took = 12ms,
          .pause = state == "pending" ? 1h : 0ms};
}

std::vector<std::string> ids(const WebhookWork& work) {
  std::vector<std::string> ids;
  for (const WaitingWebhook& waiting : work.waiting)
    ids.push_back(waiting.event_id);
  return ids;
}

using Ids = std::vector<std::string>;
const WebhookVerdict failed{.has_failed = true};

}  // namespace

TEST_CASE("what waits about one wallet is one node's alone, and in the order in which it happened", "[webhooks]") {
  Post post;
  for (int number = 1; number <= 3; ++number)
    post.add(first, number);
  const auto work = post.claim(post.node);
  REQUIRE(work);
  CHECK(ids(*work) == Ids{"1", "2", "3"});
  CHECK(work->waiting[0].body == "{\"text\":\"\\u0000 ü\"}");
  CHECK_FALSE(post.claim(post.other));
  post.add(first, 4);
  CHECK_FALSE(post.claim(post.other));
  post.add(second, 1);
  const auto another = post.claim(post.other);
  REQUIRE(another);
  CHECK(another->wallet == second);
  // What was added while it was sent goes on after it.
  REQUIRE(post.node.finish(
      *work, {outcome(*work, 0, "delivered"), outcome(*work, 1, "delivered"), outcome(*work, 2, "delivered")}, {}));
  const auto rest = post.claim(post.other);
  REQUIRE(rest);
  CHECK(ids(*rest) == Ids{"4"});
}

TEST_CASE("a queue is gone when all of it is delivered, and there again with the next event", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  post.add(first, 1);
  const auto work = post.claim(post.node);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "delivered")}, {}));
  CHECK(count(sql, "webhook_queue") == 0);
  CHECK(post.in_state("delivered") == 1);
  post.add(first, 2);
  CHECK(ids(*post.claim(post.node)) == Ids{"2"});
}

TEST_CASE("what a dead node had begun goes on elsewhere, and its own word comes too late", "[webhooks]") {
  Post post;
  post.add(first, 1);
  const auto dead = post.node.claim(1ms, no_bound, 10);
  REQUIRE(dead);
  std::optional<WebhookWork> taken;
  for (const auto end = std::chrono::steady_clock::now() + 10s; !taken && std::chrono::steady_clock::now() < end;)
    taken = post.claim(post.other);
  REQUIRE(taken);
  CHECK(ids(*taken) == ids(*dead));
  CHECK_FALSE(post.node.finish(*dead, {outcome(*dead, 0, "failed")}, failed));
  CHECK(post.in_state("pending") == 1);
  REQUIRE(post.other.finish(*taken, {outcome(*taken, 0, "delivered")}, {}));
  CHECK(post.in_state("delivered") == 1);
}

TEST_CASE("one that was not taken holds up its wallet until its time comes, and no other wallet", "[webhooks]") {
  Post post;
  post.add(first, 1);
  post.add(first, 2);
  post.add(second, 1);
  const auto work = post.claim(post.node);
  REQUIRE(work->wallet == first);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "pending")}, failed));
  CHECK(post.claim(post.node)->wallet == second);
  CHECK_FALSE(post.claim(post.node));
}

TEST_CASE("one that is given up makes room for the next", "[webhooks]") {
  Post post;
  post.add(first, 1);
  post.add(first, 2);
  const auto work = post.claim(post.node);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "failed")}, failed));
  CHECK(ids(*post.claim(post.node)) == Ids{"2"});
}

TEST_CASE("an endpoint has no more calls at once than it may, over all nodes", "[webhooks]") {
  Post post;
  for (const WalletId& wallet : {first, second})
    post.add(wallet, 1);
  REQUIRE(post.node.claim(60s, 1, 10));
  CHECK_FALSE(post.other.claim(60s, 1, 10));
  // Another endpoint is not held up by it.
  const Uuid quick = post.add_endpoint();
  post.add(first, 1, quick);
  const auto work = post.other.claim(60s, 1, 10);
  REQUIRE(work);
  CHECK(work->endpoint == quick);
}

TEST_CASE("an endpoint that fails is left alone for a while and begins anew with its first success", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  post.add(first, 1);
  post.add(second, 1);
  const auto work = post.claim(post.node);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "pending")}, {.has_failed = true, .quiet = 1h}));
  CHECK_FALSE(post.claim(post.node));
  CHECK(count(sql, "webhook_endpoint WHERE failures_in_row = 1 AND failing_since IS NOT NULL") == 1);
  sql.run("UPDATE webhook_endpoint SET quiet_until = now(); UPDATE webhook_due SET due_at = now()");
  const auto next = post.claim(post.node);
  REQUIRE(next);
  CHECK(next->failures_in_row == 1);
  REQUIRE(post.node.finish(*next, {outcome(*next, 0, "delivered")}, {.has_delivered = true}));
  CHECK(count(sql, "webhook_endpoint WHERE failures_in_row = 0 AND failing_since IS NULL") == 1);
}

TEST_CASE("an endpoint is looked at when something of it is due and not before", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  const auto is_due = [&](const std::string& when) { return count(sql, "webhook_due WHERE due_at " + when) == 1; };
  post.add(first, 1);
  post.add(second, 1);
  CHECK(is_due("<= now()"));
  const auto work = post.claim(post.node);
  CHECK(is_due("<= now()"));
  const auto another = post.claim(post.node);
  // Were the senders to die now, it would be due when their claims end.
  CHECK(is_due("= (SELECT min(claimed_until) FROM webhook_queue)"));
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "pending")}, failed));
  CHECK(is_due("BETWEEN now() + interval '50 seconds' AND (SELECT min(claimed_until) FROM webhook_queue)"));
  REQUIRE(post.node.finish(*another, {outcome(*another, 0, "delivered")}, {}));
  sql.run("UPDATE webhook_due SET due_at = now()");
  CHECK_FALSE(post.claim(post.node));
  CHECK(is_due("= (SELECT next_attempt_at FROM webhook_queue)"));
  post.add(second, 2);
  const auto failing = post.claim(post.node);
  REQUIRE(post.node.finish(*failing, {outcome(*failing, 0, "pending")}, {.has_failed = true, .quiet = 2h}));
  CHECK(is_due("= (SELECT quiet_until FROM webhook_endpoint)"));
  post.add(first, 2);
  CHECK(is_due("= (SELECT quiet_until FROM webhook_endpoint)"));
  sql.run("UPDATE webhook_due SET due_at = now(); UPDATE webhook_endpoint SET quiet_until = NULL;"
          " UPDATE webhook_queue SET next_attempt_at = now()");
  while (const auto last = post.claim(post.node, 1))
    REQUIRE(post.node.finish(*last, {outcome(*last, 0, "delivered")}, {.has_delivered = true}));
  CHECK(post.in_state("pending") == 0);
  sql.run("UPDATE webhook_due SET due_at = now()");
  CHECK_FALSE(post.claim(post.node));
  CHECK(count(sql, "webhook_due") == 0);
}

TEST_CASE("what is written while somebody sees that nothing is due is sent at once", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  post.add(first, 1);
  const auto work = post.claim(post.node);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "delivered")}, {}));
  sql.run("UPDATE webhook_due SET due_at = now()");
  std::optional<WebhookWork> found;
  std::jthread sender;
  SqlSession writer = open_session();
  writer.within("BEGIN", [&] {
    add_webhook_deliveries(writer, {{.id = make_row_id(),
                                     .endpoint = post.endpoint,
                                     .event_id = "2",
                                     .event_type = "transfer.completed",
                                     .wallet = first,
                                     .body = "{}"}});
    sender = std::jthread([&] { found = post.claim(post.other); });
    // He has seen no queue, and waits to say so.
    await_blocked(sql, "other");
  });
  sender.join();
  REQUIRE(found);
  CHECK(ids(*found) == Ids{"2"});
}

TEST_CASE("what waits for a disabled endpoint is discarded, and its reason is on record", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  for (int number = 1; number <= 3; ++number)
    post.add(first, number);
  const auto work = post.claim(post.node);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "failed")}, {.has_failed = true, .disabled_why = "Gone."}));
  CHECK_FALSE(post.claim(post.node));
  while (post.node.sweep(bounds) > 0) {
  }
  CHECK(post.in_state("discarded") == 2);
  CHECK(count(sql, "webhook_queue") == 0);
  CHECK(count(sql, "audit WHERE what = 'webhook_endpoint.disable' AND why = 'Gone.'") == 1);
}

TEST_CASE("an endpoint for which too much waits and that fails is disabled", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  for (int number = 1; number <= 3; ++number)
    post.add(first, number);
  sql.run("UPDATE webhook_endpoint SET failures_in_row = 5");
  post.node.judge_overfull({.most_pending = 3});
  CHECK(count(sql, "webhook_endpoint WHERE status = 'active'") == 1);
  post.node.judge_overfull({.most_pending = 2});
  CHECK(count(sql, "webhook_endpoint WHERE disabled_why = 'More than 2 deliveries waited.'") == 1);
}

TEST_CASE("a slow endpoint keeps what waits for it, and new deliveries wait until it has caught up", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  for (int number = 1; number <= 5; ++number)
    post.add(first, number);
  const WebhookBounds few{.most_pending = 4};
  CHECK(is_room_for_webhooks(sql));
  post.node.judge_overfull(few);
  CHECK_FALSE(is_room_for_webhooks(sql));
  CHECK(post.in_state("pending") == 5);
  const auto work = post.claim(post.node, 3);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "delivered")}, {.has_delivered = true}));
  post.node.judge_overfull(few);
  CHECK(is_room_for_webhooks(sql));
  CHECK(count(sql, "webhook_endpoint WHERE status = 'active' AND behind_since IS NOT NULL") == 1);
  const auto rest = post.claim(post.node, 2);
  REQUIRE(post.node.finish(*rest, {outcome(*rest, 0, "delivered"), outcome(*rest, 1, "delivered")}, {}));
  post.node.judge_overfull(few);
  CHECK(count(sql, "webhook_endpoint WHERE status = 'active' AND behind_since IS NULL") == 1);
}

TEST_CASE("nobody holds up the others' webhooks for longer than an endpoint may be behind", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  for (int number = 1; number <= 3; ++number)
    post.add(first, number);
  const WebhookBounds few{.most_pending = 2, .longest_behind = 60s};
  post.node.judge_overfull(few);
  sql.run("UPDATE webhook_endpoint SET behind_since = behind_since - interval '59 seconds'");
  post.node.judge_overfull(few);
  CHECK_FALSE(is_room_for_webhooks(sql));
  sql.run("UPDATE webhook_endpoint SET behind_since = behind_since - interval '2 seconds'");
  post.node.judge_overfull(few);
  CHECK(is_room_for_webhooks(sql));
  CHECK(count(sql, "webhook_endpoint WHERE status = 'disabled' AND NOT is_overfull") == 1);
}

TEST_CASE("nothing is sent for a user who is locked out or in the trash", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  post.add(first, 1);
  for (const char* gone : {"status = 'locked'", "deleted_at = now()"}) {
    sql.run(std::string{"UPDATE app_user SET "}.append(gone));
    CHECK_FALSE(post.claim(post.node));
    CHECK(webhook_listeners(sql).empty());
    sql.run("UPDATE app_user SET status = 'active', deleted_at = NULL");
  }
  CHECK(webhook_listeners(sql).size() == 1);
  CHECK(post.claim(post.node));
}

TEST_CASE("replaying what was delivered goes on where it ended and comes to an end", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  sql.run("INSERT INTO webhook_delivery (id, endpoint_id, event_id, event_type, wallet_id, body, state, finished_at) "
          "SELECT gen_random_uuid(), '" +
          to_string(post.endpoint) + "', number::text, 'transfer.completed', '" + to_string(first.uuid) +
          "', '{}', 'delivered', now() FROM generate_series(1, 1001) AS number");
  WebhookDeliveries deliveries(post.reader);
  WebhookSpan span{.from_ms = 0, .delivered_too = true};
  const auto begin = deliveries.replay(post.endpoint, span, {}, ayu_herself);
  REQUIRE(begin);
  CHECK(begin->replayed == 1'000);
  CHECK(begin->has_more);
  sql.run("UPDATE webhook_delivery SET state = 'delivered', finished_at = now()");
  span.after = begin->next_after;
  const auto end = deliveries.replay(post.endpoint, span, {}, ayu_herself);
  REQUIRE(end);
  CHECK(end->replayed == 1);
  CHECK_FALSE(end->has_more);
}

TEST_CASE("what is over is kept as long as is said, what waits for ever", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  for (int number = 1; number <= 3; ++number)
    post.add(first, number);
  const auto work = post.claim(post.node, 2);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "delivered"), outcome(*work, 1, "failed")}, failed));
  sql.run("UPDATE webhook_delivery SET finished_at = finished_at - interval '5 hours', created_at = '2000-01-01'");
  CHECK(post.node.sweep({.keep_delivered = 6h, .keep_failed = 6h}) == 0);
  CHECK(post.node.sweep({.keep_delivered = 4h, .keep_failed = 6h}) == 1);
  CHECK(post.in_state("failed") == 1);
  CHECK(post.node.sweep({.keep_delivered = 4h, .keep_failed = 4h}) == 1);
  CHECK(count(sql, "webhook_delivery") == 1);
}

TEST_CASE("a deleted endpoint goes with everything that it had", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  for (int number = 1; number <= 3; ++number)
    post.add(first, number);
  REQUIRE(WebhookEndpoints(post.reader).remove(post.endpoint, {}, ayu_herself));
  CHECK_FALSE(post.claim(post.node));
  CHECK(WebhookEndpoints(post.reader).find(post.endpoint, {}).error() == WebhookFault::no_endpoint);
  while (post.node.sweep(bounds) > 0) {
  }
  CHECK(count(sql, "webhook_delivery") == 0);
  CHECK(count(sql, "webhook_endpoint") == 0);
}

TEST_CASE("only the newest attempts of a delivery are remembered", "[webhooks]") {
  Post post;
  SqlSession sql = open_session();
  post.add(first, 1);
  for (int attempt = 0; attempt < 25; ++attempt) {
    const auto work = post.claim(post.node);
    REQUIRE(work);
    CHECK(work->waiting[0].attempts == attempt);
    WebhookOutcome again = outcome(*work, 0, "pending");
    again.pause = 0ms;
    again.status = attempt;
    REQUIRE(post.node.finish(*work, {again}, failed));
  }
  CHECK(count(sql, "webhook_delivery WHERE jsonb_array_length(log) = 20 AND log->19->>'status' = '24'") == 1);
}

TEST_CASE("secrets are sealed again with the newest key, those that are replaced too", "[webhooks]") {
  Post post;
  const auto file = std::filesystem::temp_directory_path() / ("dompet-" + to_string(make_row_id()) + ".keys");
  const std::string former = Vault::open(file).seal("the former one");
  const std::string newer = Vault::open(file).seal("the newer one");
  WebhookEndpoints endpoints(post.reader);
  REQUIRE(endpoints.rotate(post.endpoint, former, 1h, {}, ayu_herself));
  REQUIRE(endpoints.rotate(post.endpoint, newer, 1h, {}, ayu_herself));
  Vault::rotate(file);
  const Vault vault = Vault::open(file);
  std::int64_t sealed = 0;
  post.reader.session().within("BEGIN READ WRITE", [&] {
    CHECK_FALSE(seal_webhook_secrets_again(post.reader.session(), vault, {}, 10, sealed));
  });
  CHECK(sealed == 1);
  post.add(first, 1);
  const auto work = post.claim(post.node);
  REQUIRE(work);
  CHECK(work->secret_sealed != newer);
  CHECK(vault.unseal(work->secret_sealed) == "the newer one");
  CHECK(work->previous_sealed != former);
  CHECK(vault.unseal(work->previous_sealed) == "the former one");
  std::filesystem::remove(file);
}

TEST_CASE("a replay is sent before what waits, as if it were new", "[webhooks]") {
  Post post;
  post.add(first, 1);
  post.add(first, 2);
  const auto work = post.claim(post.node, 1);
  REQUIRE(post.node.finish(*work, {outcome(*work, 0, "failed")}, failed));
  const auto replay = WebhookDeliveries(post.reader).replay(post.endpoint, WebhookSpan{}, {}, ayu_herself);
  REQUIRE(replay);
  CHECK(replay->replayed == 1);
  CHECK_FALSE(replay->has_more);
  const auto again = post.claim(post.node);
  CHECK(ids(*again) == Ids{"1", "2"});
  CHECK(again->waiting[0].attempts == 0);
}

}  // namespace dompet::testing
