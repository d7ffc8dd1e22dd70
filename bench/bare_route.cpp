#include <restinio/all.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

/// What RESTinio itself can do on this machine: one express route that answers every wallet with the same bytes, as
/// many as a wallet's answer has. `make bench` holds Dompet's balance reads against it. Prints the port that it listens
/// on; ends on SIGINT or SIGTERM.

namespace {

constexpr auto wallet =
    R"({"id":"0193480e-7a5c-7c1e-9f6b-2d1f0c8a4b11","name":"load 00004711","currency":"IDR","status":"active",)"
    R"("balance":{"available":"10000000000.00","held":"0.00","total":"10000000000.00"},"version":2,)"
    R"("limits":{"per_transaction":null,"per_day":null,"per_week":null,"per_month":null,"maximum_balance":null,"credit":"0.00"},)"
    R"("created_at":"2026-11-20T10:15:30.123Z","updated_at":"2026-11-20T10:15:31.456Z"})";

struct Traits : restinio::default_single_thread_traits_t {
  using request_handler_t = restinio::router::express_router_t<>;
};

void say_port(asio::ip::tcp::acceptor& acceptor) {
  std::printf("%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
}

}  // namespace

int main() {
  try {
    auto router = std::make_unique<restinio::router::express_router_t<>>();
    router->http_get("/v1/wallets/:id", [](const auto& request, auto) {
      return request->create_response()
          .append_header(restinio::http_field::content_type, "application/json")
          .set_body(std::string(wallet))
          .done();
    });
    restinio::run(restinio::on_this_thread<Traits>()
                      .address("127.0.0.1")
                      .port(0)
                      .acceptor_post_bind_hook(say_port)
                      .request_handler(std::move(router)));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bare_route: %s\n", error.what());
    return 1;
  }
}
