#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>
#include <string_view>

#include "http/access/permissions.hpp"
#include "http/access/quota.hpp"
#include "http/cross_origin.hpp"

using namespace dompet::http;

namespace {

Grant grant(const PermissionSet& set, std::string_view name) { return set.grant(find_permission(name).value()); }

PermissionSet of(std::initializer_list<std::string_view> names) {
  PermissionSet set;
  for (const std::string_view name : names)
    CHECK(set.add(name));
  return set;
}

HttpRequest from(std::string client, std::string_view forwarded) {
  HttpRequest request;
  request.client = std::move(client);
  request.headers.emplace_back("X-Forwarded-For", forwarded);
  return request;
}

}  // namespace

TEST_CASE("a permission is for one's own, and with :any for everybody's") {
  const PermissionSet customer = of({"wallets:read", "account:use"});
  CHECK(grant(customer, "wallets:read") == Grant::own);
  CHECK(grant(customer, "wallets:write") == Grant::none);
  CHECK(grant(customer, "account:use") == Grant::any);
  CHECK(grant(of({"wallets:read:any"}), "wallets:read") == Grant::any);
  CHECK(grant(of({"wallets:read", "wallets:read:any"}), "wallets:read") == Grant::any);
  CHECK(grant(PermissionSet{}, "account:use") == Grant::none);
}

TEST_CASE("a star is everything") {
  const PermissionSet all = of({"*"});
  for (const Permission& permission : all_permissions())
    CHECK(grant(all, permission.name) == Grant::any);
}

TEST_CASE("a name that is in no table allows nothing") {
  for (const char* name :
       {"", ":any", "wallets", "wallets:", "wallets:read:all", "sagas:read:any", "WALLETS:READ", "**"}) {
    CHECK(!is_grantable(name));
    PermissionSet set;
    CHECK(!set.add(name));
    CHECK(set == PermissionSet{});
  }
}

TEST_CASE("every permission has a name of its own and says what it allows") {
  std::set<std::string_view> names;
  for (const Permission& permission : all_permissions()) {
    CHECK(names.insert(permission.name).second);
    CHECK(permission.name.contains(':'));
    CHECK(!permission.name.ends_with(":any"));
    CHECK(!permission.allows.empty());
  }
}

TEST_CASE("a bucket gives its burst, then so many a second") {
  Quota quota(10, 3);
  const auto start = Quota::Clock::now();
  const auto at = [&](int ms) { return quota.take("ani", start + std::chrono::milliseconds(ms)); };
  CHECK(at(0).remaining == 2);
  CHECK(at(0).allowed);
  CHECK(at(0).allowed);
  const auto refused = at(0);
  CHECK((!refused.allowed && refused.remaining == 0 && refused.reset_s == 1 && refused.limit == 3));
  CHECK(!at(50).allowed);
  CHECK(at(100).allowed);
  CHECK(!at(100).allowed);
  CHECK(quota.take("budi", start).allowed);
  CHECK(at(10'000).remaining == 2);
  CHECK(!Quota(0, 3).is_on());
}

TEST_CASE("an address is what the last proxy of ours wrote, and nothing that a client writes") {
  const std::vector<std::string> proxies{"10.0.0.1", "10.0.0.2"};
  CHECK(client_behind(proxies, from("198.51.100.1", "203.0.113.7")) == "198.51.100.1");
  CHECK(client_behind(proxies, from("10.0.0.1", "203.0.113.7")) == "203.0.113.7");
  CHECK(client_behind(proxies, from("10.0.0.1", "1.2.3.4, 203.0.113.7")) == "203.0.113.7");
  CHECK(client_behind(proxies, from("10.0.0.1", "1.2.3.4, 203.0.113.7 , 10.0.0.2")) == "203.0.113.7");
  CHECK(client_behind(proxies, from("10.0.0.1", "2001:db8::1")) == "2001:db8::1");
  CHECK(client_behind(proxies, from("10.0.0.1", "203.0.113.7, <script>")) == "10.0.0.1");
  CHECK(client_behind(proxies, from("10.0.0.1", "")) == "10.0.0.1");
}
