#include "outbound/http_client.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "outbound/address.hpp"
#include "outbound/curl_library.hpp"

namespace dompet {

namespace {

constexpr std::string_view no_public_address = "the address is not one of the open internet";

struct Headers {
  curl_slist* list = nullptr;
  ~Headers() { curl_slist_free_all(list); }
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list, line.c_str());
    if (longer == nullptr)
      throw std::bad_alloc();
    list = longer;
  }
};

/// What one call collects; its address is what curl hands to the functions below.
struct Call {
  const OutboundSettings& settings;
  OutboundAnswer answer{};
  bool was_too_long = false;
  bool was_private = false;
};

std::size_t take_body(const char* bytes, std::size_t, std::size_t count, void* context) {
  Call& call = *static_cast<Call*>(context);
  if (call.answer.body.size() + count > call.settings.most_answer_bytes) {
    call.was_too_long = true;
    return 0;
  }
  call.answer.body.append(bytes, count);
  return count;
}

/// Judged here and not when the URL was read: what is opened is what was judged.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  Call& call = *static_cast<Call*>(context);
  if (!call.settings.allow_private_addresses && !is_public(address->addr)) {
    call.was_private = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

const char* schemes(const OutboundSettings& settings) { return settings.allow_plain_http ? "http,https" : "https"; }

void set_method(CURL* curl, const OutboundRequest& request) {
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "GET")
    return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
}

void set_bounds(CURL* curl, const OutboundSettings& settings) {
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, schemes(settings));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

std::string why(CURLcode code, const Call& call, const char* detail) {
  if (call.was_private)
    return std::string{no_public_address};
  if (call.was_too_long)
    return "the answer is longer than " + std::to_string(call.settings.most_answer_bytes) + " bytes";
  return *detail != '\0' ? std::string{detail} : std::string{curl_easy_strerror(code)};
}

struct Url {
  CURLU* parts = curl_url();
  ~Url() { curl_url_cleanup(parts); }
  std::string part(CURLUPart which) const {
    char* text = nullptr;
    if (curl_url_get(parts, which, &text, 0) != CURLUE_OK)
      return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
    return owned.get();
  }
};

/// A host that is written as an address, and not as a name.
bool is_private_literal(std::string host) {
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1)
    return !is_public(reinterpret_cast<const sockaddr&>(four));
  sockaddr_storage room{};
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1)
    return host == "localhost" || host.ends_with(".localhost");
  std::memcpy(&room, &six, sizeof six);
  return !is_public(reinterpret_cast<const sockaddr&>(room));
}

}  // namespace

HttpClient::HttpClient(OutboundSettings settings) : settings_(settings) {
  begin_curl();
  curl_ = curl_easy_init();
  if (curl_ == nullptr)
    throw std::bad_alloc();
}

HttpClient::~HttpClient() { curl_easy_cleanup(curl_); }

std::expected<OutboundAnswer, std::string> HttpClient::call(const OutboundRequest& request) {
  Call call{settings_};
  Headers headers;
  for (const auto& [name, value] : request.headers)
    headers.add(std::string{name}.append(": ").append(value));
  headers.add("Expect:");
  char detail[CURL_ERROR_SIZE]{};
  curl_easy_reset(curl_);
  set_bounds(curl_, settings_);
  set_method(curl_, request);
  curl_easy_setopt(curl_, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(curl_, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  curl_easy_setopt(curl_, CURLOPT_OPENSOCKETDATA, &call);
  if (const CURLcode code = curl_easy_perform(curl_); code != CURLE_OK)
    return std::unexpected(why(code, call, detail));
  long status = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  call.answer.status = static_cast<int>(status);
  curl_header* retry = nullptr;
  if (curl_easy_header(curl_, "Retry-After", 0, CURLH_HEADER, -1, &retry) == CURLHE_OK)
    call.answer.retry_after = retry->value;
  return std::move(call.answer);
}

std::string fault_of_url(const std::string& url, const OutboundSettings& settings) {
  const Url parsed;
  if (curl_url_set(parsed.parts, CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return "it is no URL such as https://shop.example/hooks";
  const std::string scheme = parsed.part(CURLUPART_SCHEME);
  if (scheme != "https" && !(scheme == "http" && settings.allow_plain_http))
    return settings.allow_plain_http ? "it must begin with https:// or http://" : "it must begin with https://";
  if (!parsed.part(CURLUPART_USER).empty() || !parsed.part(CURLUPART_PASSWORD).empty())
    return "it must not carry a user name or password";
  if (!settings.allow_private_addresses && is_private_literal(parsed.part(CURLUPART_HOST)))
    return std::string{no_public_address};
  return {};
}

}  // namespace dompet
