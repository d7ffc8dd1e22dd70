#include <arpa/inet.h>
#include <catch2/catch_test_macros.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "outbound/address.hpp"
#include "outbound/http_client.hpp"

using namespace dompet;

namespace {

bool is_public_text(const std::string& text) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1)
    return is_public(reinterpret_cast<const sockaddr&>(four));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  REQUIRE(::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1);
  return is_public(reinterpret_cast<const sockaddr&>(six));
}

}  // namespace

TEST_CASE("addresses of the open internet may be called", "[outbound]") {
  for (const char* text : {"8.8.8.8", "203.0.114.1", "172.32.0.1", "100.63.255.255", "2606:4700::1111", "2a01:4f8::1",
                           "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    INFO(text);
    CHECK(is_public_text(text));
  }
}

TEST_CASE("addresses of this machine and of private networks may not, however they are written", "[outbound]") {
  for (const char* text : {"127.0.0.1",     "127.8.9.10",       "0.0.0.0",         "10.1.2.3",
                           "172.16.0.1",    "172.31.255.255",   "192.168.0.1",     "169.254.169.254",
                           "100.64.0.1",    "224.0.0.1",        "255.255.255.255", "::",
                           "::1",           "fe80::1",          "fc00::1",         "fd12:3456::1",
                           "ff02::1",       "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
                           "2002:7f00:1::", "2001:db8::1"}) {
    INFO(text);
    CHECK_FALSE(is_public_text(text));
  }
}

TEST_CASE("a URL says what is wrong with it before anybody is called", "[outbound]") {
  const OutboundSettings strict;
  CHECK(fault_of_url("https://shop.example/hooks?a=1", strict).empty());
  for (const char* url : {"http://shop.example/", "ftp://shop.example/", "file:///etc/passwd", "shop.example", "",
                          "https://127.0.0.1/", "https://[::1]:8443/", "https://localhost/", "https://2130706433/",
                          "https://0x7f.1/", "https://user:word@shop.example/"}) {
    INFO(url);
    CHECK_FALSE(fault_of_url(url, strict).empty());
  }
  const OutboundSettings open{.allow_private_addresses = true, .allow_plain_http = true};
  CHECK(fault_of_url("http://127.0.0.1:8080/hooks", open).empty());
}

TEST_CASE("a private address is not called, and neither is a name that stands for one", "[outbound]") {
  HttpClient client(OutboundSettings{.allow_plain_http = true});
  for (const char* url : {"http://127.0.0.1:9/", "http://localhost:9/"}) {
    const auto answer = client.call({.url = url});
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == "the address is not one of the open internet");
  }
}
