#include "http/exchange.hpp"

#include <algorithm>

namespace dompet::http {

namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool same_name(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::delete_: return "DELETE";
    case Method::options: return "OPTIONS";
    case Method::other: break;
  }
  return "OTHER";
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (same_name(field, name))
      return value;
  return std::nullopt;
}

std::size_t HttpRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(headers, [name](const auto& field) { return same_name(field.first, name); }));
}

Exchange::Exchange(Outlet& outlet, std::uint64_t serial_number, std::shared_ptr<void> handle)
    : serial(serial_number), connection(std::move(handle)), outlet_(outlet) {}

void Exchange::answer(HttpResponse response) {
  if (answered_)
    return;
  answered_ = true;
  outlet_.send(*this, std::move(response));
}

std::shared_ptr<Stream> Exchange::stream(HttpResponse head) {
  if (answered_)
    return nullptr;
  answered_ = true;
  return outlet_.open_stream(*this, std::move(head));
}

}  // namespace dompet::http
