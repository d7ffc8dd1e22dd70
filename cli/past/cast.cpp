#include "cli/past/cast.hpp"

#include <array>
#include <cstring>
#include <string_view>

#include "cli/past/amounts.hpp"

namespace dompet::cli {

namespace {

constexpr std::array<std::string_view, 24> first_names{
    "Ayu",  "Budi",  "Citra", "Dewi",  "Eko",    "Fitri", "Gita", "Hadi",  "Indah", "Joko",  "Kartika", "Lukman",
    "Maya", "Nanda", "Oki",   "Putri", "Rahmat", "Sari",  "Tono", "Utami", "Vina",  "Wahyu", "Yanti",   "Zaki"};
constexpr std::array<std::string_view, 16> last_names{"Wijaya",  "Santoso", "Pratama",  "Lestari", "Hidayat", "Kusuma",
                                                      "Siregar", "Nugroho", "Halim",    "Saputra", "Rahayu",  "Ginting",
                                                      "Maulana", "Permata", "Setiawan", "Utomo"};
constexpr std::array<std::string_view, 10> shop_kinds{"Warung", "Toko Buku", "Kopi",     "Apotek",  "Bengkel",
                                                      "Salon",  "Kios",      "Restoran", "Laundry", "Toko Roti"};

/// Of so many people one has a wallet in dollars, one sets limits and one has a credit card: not the same ones.
constexpr std::size_t people_with_dollars = 8;
constexpr std::size_t people_with_limits = 7;
constexpr std::size_t people_with_credit = 10;

/// Half are there from the first day on, the others come evenly.
std::int64_t joins_at(const CastWish& wish, std::size_t place, std::size_t count) {
  const std::size_t founders = (count + 1) / 2;
  const auto share = place < founders ? 0.0 : static_cast<double>(place - founders + 1) / static_cast<double>(count);
  return wish.begin_ms + static_cast<std::int64_t>(place) +
         static_cast<std::int64_t>(share * static_cast<double>(wish.end_ms - wish.begin_ms));
}

Limits limits_of(std::size_t place) {
  Limits limits;
  if (place % people_with_credit == people_with_credit / 2)
    limits.credit_limit = 5'000'000 * rupiah;
  else if (place % people_with_limits == people_with_limits / 2) {
    limits.per_transaction = 3'000'000 * rupiah;
    limits.out.day = 5'000'000 * rupiah;
    limits.out.month = 20'000'000 * rupiah;
  }
  return limits;
}

Person make_person(const CastWish& wish, std::size_t place, Random& random) {
  Person person;
  person.joined_ms = joins_at(wish, place, wish.people);
  person.id = {made_up_id(person.joined_ms, random)};
  person.wallet = {made_up_id(person.joined_ms, random)};
  person.card = {made_up_id(person.joined_ms, random)};
  person.first_name = first_names[place % first_names.size()];
  person.last_name = last_names[(place / first_names.size() + place) % last_names.size()];
  person.username = "demo" + std::to_string(place + 1);
  if (place % people_with_dollars == 0)
    person.dollar_wallet = {made_up_id(person.joined_ms, random)};
  person.limits = limits_of(place);
  person.income = Minor{3'000 + random.below(17'000)} * 1'000 * rupiah;
  return person;
}

}  // namespace

Uuid made_up_id(std::int64_t unix_ms, Random& random) {
  const std::uint64_t bits[]{random.next(), random.next()};
  std::array<std::uint8_t, 10> tail{};
  std::memcpy(tail.data(), bits, tail.size());
  return make_uuid_v7(unix_ms, tail);
}

Cast make_cast(const CastWish& wish, Random& random) {
  Cast cast;
  cast.currency = *find_currency("IDR");
  cast.dollars = *find_currency("USD");
  for (std::size_t i = 0; i < wish.people; ++i)
    cast.people.push_back(make_person(wish, i, random));
  for (std::size_t i = 0; i < wish.shops; ++i) {
    Shop shop;
    shop.owner = i % wish.people;
    shop.joined_ms = std::max(joins_at(wish, i, wish.shops), cast.people[shop.owner].joined_ms + 1);
    shop.id = {made_up_id(shop.joined_ms, random)};
    shop.wallet = {made_up_id(shop.joined_ms, random)};
    shop.name = std::string(shop_kinds[i % shop_kinds.size()]) + ' ' +
                std::string(last_names[(i * 7 + i / shop_kinds.size()) % last_names.size()]);
    cast.shops.push_back(std::move(shop));
  }
  for (std::size_t i = 0; i < 2; ++i)
    cast.old_cards.push_back({{made_up_id(cast.people[i].joined_ms, random)}, i, i == 0});
  cast.frozen = wish.people / 2;
  return cast;
}

}  // namespace dompet::cli
