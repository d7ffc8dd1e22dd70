#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/http_client.hpp"
#include "cli/login.hpp"
#include "cli/seed_account.hpp"
#include "cli/seed_client.hpp"
#include "cli/seed_past.hpp"
#include "persistence/administrator.hpp"

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

struct SeedWallet {
  std::string_view name;
  std::string_view top_up;  ///< empty: this one lives on what it is paid
  std::string_view method;
};

struct SeedTransfer {
  std::string_view source;
  std::string_view destination;
  std::string_view amount;
  std::string_view description;
};

// The first three wallets and five transfers are what --small makes.
constexpr std::array seed_wallets = {
    SeedWallet{"Ayu", "2500000.00", "bri"}, SeedWallet{"Budi", "1500000.00", "bca"},
    SeedWallet{"Warung Sari", "", ""},      SeedWallet{"Citra", "3000000.00", "mandiri"},
    SeedWallet{"Dewi", "750000.00", "bni"}, SeedWallet{"Eko", "1200000.00", "bri"},
    SeedWallet{"Toko Buku Melati", "", ""}, SeedWallet{"Ojek Pak Joko", "50000.00", "bca"},
};
constexpr std::size_t small_wallets = 3;

constexpr std::array seed_transfers = {
    SeedTransfer{"Ayu", "Warung Sari", "32000.00", "Nasi goreng dan es teh"},
    SeedTransfer{"Budi", "Warung Sari", "27500.00", "Soto ayam"},
    SeedTransfer{"Ayu", "Budi", "150000.00", "Patungan hadiah"},
    SeedTransfer{"Budi", "Ayu", "45000.00", "Tiket bioskop"},
    SeedTransfer{"Warung Sari", "Ayu", "12000.00", "Kembalian"},
    SeedTransfer{"Citra", "Toko Buku Melati", "189000.00", "Novel"},
    SeedTransfer{"Dewi", "Ojek Pak Joko", "18000.00", "Ke stasiun"},
    SeedTransfer{"Eko", "Warung Sari", "41000.00", "Makan siang"},
    SeedTransfer{"Citra", "Dewi", "250000.00", "Arisan November"},
    SeedTransfer{"Eko", "Dewi", "250000.00", "Arisan November"},
    SeedTransfer{"Ayu", "Dewi", "250000.00", "Arisan November"},
    SeedTransfer{"Ojek Pak Joko", "Warung Sari", "22000.00", "Kopi dan gorengan"},
    SeedTransfer{"Dewi", "Toko Buku Melati", "96500.00", "Alat tulis"},
    SeedTransfer{"Budi", "Ojek Pak Joko", "25000.00", "Antar paket"},
    SeedTransfer{"Toko Buku Melati", "Citra", "15000.00", "Pengembalian ongkir"},
    SeedTransfer{"Citra", "Warung Sari", "63000.00", "Katering rapat"},
};
constexpr std::size_t small_transfers = 5;

constexpr std::string_view currency = "IDR";

class Seeding {
 public:
  Seeding(SeedClient& client, bool small)
      : client_(client), wallets_(std::span(seed_wallets).first(small ? small_wallets : seed_wallets.size())),
        transfers_(std::span(seed_transfers).first(small ? small_transfers : seed_transfers.size())),
        talk_(::isatty(STDERR_FILENO) != 0), steps_(wallets_.size() * 2 + transfers_.size()) {}

  void run() {
    find_wallets();
    for (const auto& wallet : wallets_)
      open(wallet);
    for (const auto& wallet : wallets_)
      top_up(wallet);
    for (const auto& transfer : transfers_)
      pay(transfer);
    if (talk_)
      std::fputs("\r\033[K", stderr);
  }

  void print(std::string_view url) {
    std::printf("%-18s  %-36s  %20s\n", "wallet", "id", "available");
    for (const auto& wallet : wallets_) {
      const auto& id = ids_.at(wallet.name);
      const auto view = client_.get("/v1/wallets/" + id, "read a wallet");
      const auto balance = view.value("balance", Json::object()).value("available", std::string("?"));
      std::printf("%-18s  %s  %16s %s\n", std::string(wallet.name).c_str(), id.c_str(), balance.c_str(),
                  std::string(currency).c_str());
    }
    std::printf("\ntry:  curl -s %s/v1/wallets/%s\n", std::string(url).c_str(), ids_.at(wallets_.front().name).c_str());
  }

 private:
  /// Wallets have no idempotency key, so a second run looks for those of the first by name.
  void find_wallets() {
    constexpr int most_pages = 50;  // 10,000 wallets; whoever has more has no need of demo data
    std::string cursor;
    for (int page = 0; page < most_pages; ++page) {
      const auto path = "/v1/wallets?limit=200" + (cursor.empty() ? "" : "&cursor=" + cursor);
      const auto list = client_.get(path, "list the wallets");
      for (const auto& wallet : list.at("data"))
        if (wallet.value("currency", "") == currency && wallet.value("status", "active") != "closed")
          known_[wallet.value("name", "")] = wallet.at("id").get<std::string>();
      const auto next = list.find("next_cursor");
      if (next == list.end() || !next->is_string())
        return;
      cursor = next->get<std::string>();
    }
  }

  void open(const SeedWallet& wallet) {
    step(wallet.name);
    if (const auto found = known_.find(wallet.name); found != known_.end()) {
      ids_.emplace(wallet.name, found->second);
      return;
    }
    const Json body{{"name", wallet.name}, {"currency", currency}};
    const auto view = client_.post("/v1/wallets", body, {}, "open a wallet");
    ids_.emplace(wallet.name, view.at("id").get<std::string>());
  }

  void top_up(const SeedWallet& wallet) {
    step(wallet.name);
    if (wallet.top_up.empty())
      return;
    const auto& id = ids_.at(wallet.name);
    const Json body{{"wallet_id", id}, {"amount", wallet.top_up}, {"currency", currency}, {"method", wallet.method}};
    client_.post("/v1/topups", body, "seed-topup-" + id, "top up a wallet");
  }

  /// The key names the transfer and its wallets, so that running again repeats the answer and moves nothing.
  void pay(const SeedTransfer& transfer) {
    step(transfer.description);
    const auto& source = ids_.at(transfer.source);
    const auto& destination = ids_.at(transfer.destination);
    const auto number = std::to_string(&transfer - transfers_.data());
    const Json body{{"source_wallet_id", source},
                    {"destination_wallet_id", destination},
                    {"amount", transfer.amount},
                    {"currency", currency},
                    {"description", transfer.description}};
    client_.post("/v1/transfers", body, "seed-transfer-" + number + "-" + source + "-" + destination, "transfer");
  }

  void step(std::string_view what) {
    ++done_;
    if (!talk_)
      return;
    std::fprintf(stderr, "\r\033[Kseeding %zu/%zu  %.*s", done_, steps_, static_cast<int>(what.size()), what.data());
    std::fflush(stderr);
  }

  SeedClient& client_;
  std::span<const SeedWallet> wallets_;
  std::span<const SeedTransfer> transfers_;
  bool talk_;
  std::size_t steps_;
  std::size_t done_ = 0;
  std::map<std::string, std::string, std::less<>> known_;
  std::map<std::string_view, std::string> ids_;
};

/// The rules of the set that every ledger begins with which ordinary movements of a demo never meet.
constexpr std::array demo_rules{"limit-50jt", "transaksi-besar-10jt"};

/// An account that may not change rules leaves them as they are.
void enable_demo_rules(SeedClient& client) {
  try {
    Json rules = client.get("/v1/risk/rules", "read the risk rules");
    const Json before = rules;
    rules.erase("changed_at");
    rules.erase("changed_by");
    for (Json& rule : rules.at("rules"))
      if (std::ranges::find(demo_rules, rule.at("id").get<std::string>()) != demo_rules.end())
        rule["enabled"] = true;
    if (rules.at("rules") != before.at("rules"))
      client.put("/v1/risk/rules", rules, "enable the demo's risk rules");
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "the demo's risk rules are not enabled: %s\n", fault.what());
  }
}

/// Of accounts that are made here. By default one that nobody guesses: the database may turn out to be a real one's.
std::string demo_password() {
  const char* given = std::getenv("DOMPET_DEMO_PASSWORD");
  return given == nullptr || *given == '\0' ? random_password() : given;
}

}  // namespace

void add_seed(CLI::App& app) {
  struct Options {
    std::string url = "http://127.0.0.1:8080";
    bool small = false;
    Login login{};
    PastWish past{};
  };
  auto options = std::make_shared<Options>();
  auto& seed = *app.add_subcommand("seed", "Opens a few named wallets and moves some money; safe to run again.");
  seed.add_option("--url", options->url, "The server")->capture_default_str();
  add_login(seed, options->login);
  seed.add_flag("--small", options->small, "Three wallets only");
  PastWish& past = options->past;
  auto* database = seed.add_option("--past", past.database,
                                   "Instead, gives the empty ledger of this database a past; no node may serve it");
  seed.add_option("--months", past.months, "How far the past goes back")->check(CLI::Range(1, 120))->needs(database);
  seed.add_option("--movements", past.movements, "Movements of money in it, about")->needs(database);
  seed.add_option("--people", past.people, "People in it")->needs(database)->capture_default_str();
  seed.add_option("--merchants", past.shops, "Merchants in it")->needs(database)->capture_default_str();
  seed.add_option("--seed", past.seed, "Equal seeds make equal pasts")->needs(database)->capture_default_str();
  seed.add_option("--key-file", past.key_file, "What its card numbers are sealed with: the nodes' own file")
      ->envname("DOMPET_IDENTITY_KEY_FILE")
      ->capture_default_str();
  seed.callback([options] {
    if (!options->past.database.empty()) {
      options->past.password = demo_password();
      return seed_past(options->past);
    }
    const Endpoint endpoint = resolve_endpoint(options->url);
    HttpClient http(endpoint, authorization(endpoint, options->login));
    SeedClient client(http);
    Seeding seeding(client, options->small);
    SeedAccount account(client, demo_password());
    seeding.run();
    enable_demo_rules(client);
    seeding.print(options->url);
    account.make_and_print();
  });
}

}  // namespace dompet::cli
