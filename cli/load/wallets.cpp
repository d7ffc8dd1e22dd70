#include "cli/load/wallets.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "cli/http_client.hpp"
#include "cli/load/errands.hpp"
#include "cli/load/random.hpp"

namespace dompet::cli {

namespace {

constexpr std::string_view file_title = "dompet load wallets";

class OpenWallets : public Errands {
 public:
  OpenWallets(const RequestTemplate::Common& common, WalletBook& book)
      : Errands(static_cast<std::uint32_t>(book.ids.size())),
        template_(common, "POST", "/v1/wallets", {}, body_for(book.currency)),
        name_at_(template_.places_of('#', 8).at(0)), book_(book) {}

 protected:
  void render(Shot& shot) override {
    shot.bytes = template_.text();
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08u", static_cast<unsigned>(shot.number));
    std::memcpy(shot.bytes.data() + name_at_, digits, 8);
  }

  void succeeded(const Shot& shot, const Response& response) override {
    const auto wallet = nlohmann::json::parse(response.body, nullptr, false);
    const auto id = wallet.is_object() ? wallet.value("id", std::string()) : std::string();
    if (id.size() != sizeof(IdText))
      throw std::runtime_error("a new wallet came without an id");
    std::memcpy(book_.ids[shot.number].data(), id.data(), id.size());
  }

 private:
  static std::string body_for(const std::string& currency) {
    return nlohmann::json{{"name", "load ########"}, {"currency", currency}}.dump();
  }

  RequestTemplate template_;
  std::size_t name_at_;
  WalletBook& book_;
};

class TopUpWallets : public Errands {
 public:
  TopUpWallets(const RequestTemplate::Common& common, const WalletBook& book, const WalletWish& wish)
      : Errands(static_cast<std::uint32_t>(book.ids.size())),
        template_(common, "POST", "/v1/topups", {{"Idempotency-Key", std::string(36, '#')}}, body_for(wish)),
        key_at_(template_.places_of('#', 36).at(0)), wallet_at_(template_.places_of('@', 36).at(0)),
        run_(random_seed()), book_(book) {}

 protected:
  void render(Shot& shot) override {
    shot.bytes = template_.text();
    const auto key = key_text(run_, shot.number);
    std::memcpy(shot.bytes.data() + key_at_, key.data(), key.size());
    std::memcpy(shot.bytes.data() + wallet_at_, book_.ids[shot.number].data(), sizeof(IdText));
  }

 private:
  static std::string body_for(const WalletWish& wish) {
    return nlohmann::json{{"wallet_id", std::string(36, '@')},
                          {"amount", wish.top_up},
                          {"currency", wish.currency},
                          {"method", wish.method}}
        .dump();
  }

  RequestTemplate template_;
  std::size_t key_at_;
  std::size_t wallet_at_;
  std::uint64_t run_;
  const WalletBook& book_;
};

void do_all(const Endpoint& endpoint, Errands& errands, const WalletWish& wish, std::string_view what) {
  run_errands(endpoint, errands, {.connections = wish.connections, .talk = wish.talk}, what);
  errands.check_all_done(what);
}

bool read_file(const WalletWish& wish, WalletBook& book) {
  std::ifstream file(wish.file);
  std::string line;
  if (!std::getline(file, line) || line != file_title)
    return false;
  if (!std::getline(file, line) || line != wish.currency)
    return false;
  while (book.ids.size() < wish.count && std::getline(file, line)) {
    if (line.size() != sizeof(IdText))
      return false;
    std::memcpy(book.ids.emplace_back().data(), line.data(), line.size());
  }
  return book.ids.size() == wish.count;
}

void write_file(const std::string& path, const WalletBook& book) {
  const std::string unfinished = path + ".new";
  std::ofstream file(unfinished, std::ios::trunc);
  file << file_title << '\n' << book.currency << '\n';
  for (const auto& id : book.ids)
    file << std::string_view(id.data(), id.size()) << '\n';
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + unfinished);
  std::filesystem::rename(unfinished, path);
}

bool still_known(const Endpoint& endpoint, const RequestTemplate::Common& common, const WalletBook& book) {
  HttpClient client(endpoint, common.headers);
  for (const auto index : {std::size_t{0}, book.ids.size() / 2, book.ids.size() - 1}) {
    const std::string id(book.ids[index].data(), sizeof(IdText));
    if (client.get("/v1/wallets/" + id).status != 200)
      return false;
  }
  return true;
}

}  // namespace

WalletBook prepare_wallets(const Endpoint& endpoint, const RequestTemplate::Common& common, const WalletWish& wish) {
  WalletBook book{wish.currency, {}};
  if (!wish.file.empty() && read_file(wish, book) && still_known(endpoint, common, book))
    return book;
  book.ids.assign(wish.count, IdText{});
  OpenWallets opening(common, book);
  do_all(endpoint, opening, wish, "open wallets");
  TopUpWallets topping_up(common, book, wish);
  do_all(endpoint, topping_up, wish, "top up wallets");
  if (!wish.file.empty())
    write_file(wish.file, book);
  return book;
}

}  // namespace dompet::cli
