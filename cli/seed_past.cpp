#include "cli/seed_past.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "cli/load/report.hpp"
#include "cli/past/cast.hpp"
#include "cli/past/engine.hpp"
#include "cli/past/enrolment.hpp"
#include "cli/past/story.hpp"
#include "persistence/passwords.hpp"
#include "persistence/reader.hpp"
#include "persistence/session.hpp"
#include "persistence/vault.hpp"

namespace dompet::cli {

namespace {

using namespace std::chrono;

struct Span {
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
};

/// Whole days, so that a run that is started again on the same day tells the same story.
Span span_of(int months_back) {
  const auto today = floor<days>(system_clock::now());
  const auto first = year_month_day{today} - months{months_back};
  const auto begin = sys_days{first.ok() ? first : first.year() / first.month() / last};
  return {duration_cast<milliseconds>(begin.time_since_epoch()).count(),
          duration_cast<milliseconds>(today.time_since_epoch()).count()};
}

/// The same wish on the same day makes the same first wallet.
void refuse_unless_ours(const std::string& database, const Cast& cast) {
  SqlSession session({.database = database, .application_name = "dompet/seed/start"});
  if (!session.ask("SELECT EXISTS (SELECT FROM journal)")[0].is_true(0))
    return;
  const auto first = session.ask("SELECT EXISTS (SELECT FROM wallet WHERE id = $1)",
                                 Parameters{}.add(cast.people.front().wallet.uuid));
  if (!first[0].is_true(0))
    throw std::runtime_error("the ledger holds other records already; a past can only be made in an empty one");
}

void print(const StoryCounts& counts, const Cast& cast, double seconds) {
  const auto line = [](const char* name, std::uint64_t count) {
    std::printf("  %-14s%10llu\n", name, static_cast<unsigned long long>(count));
  };
  std::printf("%llu movements of %zu people and %zu merchants in %.0f s\n",
              static_cast<unsigned long long>(counts.movements()), cast.people.size(), cast.shops.size(), seconds);
  line("top-ups", counts.topups);
  line("transfers", counts.transfers);
  line("payments", counts.payments);
  line("captures", counts.captures);
  line("voids", counts.voids);
  line("withdrawals", counts.withdrawals);
  line("refunds", counts.refunds);
  line("declined", counts.declined);
  line("failed-payouts", counts.refused_payouts);
}

/// Says the password before anybody has it: of a run that was cut off it would be lost.
std::string password_hash_of(const PastWish& wish, Enrolment& enrolment, const Cast& cast) {
  if (auto known = enrolment.password_hash())
    return *std::move(known);
  std::string hash = hash_password(wish.password);
  std::printf("people log in as %s to %s, password %s (said this once)\n", email_of(cast.people.front()).c_str(),
              email_of(cast.people.back()).c_str(), wish.password.c_str());
  std::printf("staff log in with it as %s\n", staff_emails().c_str());
  std::fflush(stdout);
  return hash;
}

void enrol(const PastWish& wish, const Cast& cast, std::int64_t end_ms) {
  const Vault vault = Vault::open(wish.key_file);
  Reader reader({.database = wish.database, .application_name = "dompet/seed/people"});
  Enrolment enrolment(reader, vault, cast, end_ms, wish.seed);
  const Enrolled made = enrolment.run(password_hash_of(wish, enrolment, cast));
  std::printf("%zu users, %zu cards, %zu merchants and %zu documents were made\n", made.users, made.cards,
              made.merchants, made.documents);
}

StoryCounts live_through(Story& story, PastEngine& engine, std::uint64_t movements) {
  const bool talk = ::isatty(STDERR_FILENO) != 0;
  auto last_drawn = steady_clock::now();
  while (const auto moment = story.next()) {
    if (moment->requests.empty())
      continue;
    engine.set_time(moment->at_ms);
    story.tell(engine.ask(moment->requests));
    if (talk && steady_clock::now() - last_drawn > milliseconds(200)) {
      last_drawn = steady_clock::now();
      draw_count("movements", story.counts().movements(), movements);
    }
  }
  if (talk)
    erase_progress();
  return story.counts();
}

/// What is not so yet, of what is so at the end: some cards are blocked in their wallets' journals, before which nobody
/// froze them or threw them away, and one wallet is frozen.
void leave_behind(const Cast& cast, PastEngine& engine) {
  std::vector<Request> changes;
  const auto change = [&](const WalletId& id, const WalletChange& wish, auto is_so) {
    const std::vector<Result> found = engine.ask({ReadWalletRequest{id}});
    if (!is_so(std::get<WalletHistory>(found.front()).wallet))
      changes.emplace_back(ChangeWalletRequest{id, {wish}});
  };
  for (const OldCard& card : cast.old_cards)
    change(cast.people[card.owner].wallet, BlockCard{card.id}, [&](const Wallet& wallet) {
      return std::ranges::find(wallet.blocked_cards, card.id) != wallet.blocked_cards.end();
    });
  change(cast.people[cast.frozen].wallet, FreezeWallet{},
         [](const Wallet& wallet) { return wallet.status == WalletStatus::frozen; });
  engine.ask(changes);
}

}  // namespace

void seed_past(const PastWish& wish) {
  constexpr std::size_t shortest_password = 8;
  if (wish.password.size() < shortest_password)
    throw std::runtime_error("the people of a past need a password of at least 8 characters");
  if (wish.people < 2 || wish.shops == 0 || wish.months < 1)
    throw std::runtime_error("a past needs a month, two people and a merchant at least");
  const auto began = steady_clock::now();
  const Span span = span_of(wish.months);
  Random random(wish.seed);
  const Cast cast = make_cast({wish.people, wish.shops, span.begin_ms, span.end_ms}, random);
  refuse_unless_ours(wish.database, cast);
  Story story(cast, wish.movements, span.begin_ms, span.end_ms, wish.seed);
  StoryCounts counts;
  {
    PastEngine engine(wish.database);  // first: it refuses a ledger that a node serves
    enrol(wish, cast, span.end_ms);
    counts = live_through(story, engine, wish.movements);
    leave_behind(cast, engine);
  }
  SqlSession session({.database = wish.database, .application_name = "dompet/seed/end", .read_only = false});
  session.run("ANALYZE journal, wallet, system_total, app_user, role, card, merchant, merchant_document");
  print(counts, cast, duration<double>(steady_clock::now() - began).count());
}

}  // namespace dompet::cli
