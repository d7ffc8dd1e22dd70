#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/load/endpoint.hpp"
#include "cli/load/errands.hpp"
#include "cli/load/request_template.hpp"
#include "cli/payments_file.hpp"

namespace dompet::cli {

/// The wallets of a file's accounts, in the same order: those of an earlier run, found by name and currency, else new
/// ones. Of several wallets with one name the oldest is taken, so that every run takes the same. Throws
/// `std::runtime_error` when the server refuses.
std::vector<IdText> wallets_of(const std::vector<PaymentAccount>& accounts, const Endpoint& endpoint,
                               const RequestTemplate::Common& common, const ErrandPlan& plan);

/// Tops every wallet up once with what the file takes out of it. `batch` and the sum are part of the idempotency key:
/// a second run of the same file adds nothing, one of a longer file adds its whole sum again.
void fund(const std::vector<PaymentAccount>& accounts, const std::vector<IdText>& wallets, std::string_view batch,
          const Endpoint& endpoint, const RequestTemplate::Common& common, const ErrandPlan& plan);

/// A POST with a JSON body of its own length, into a buffer that is used again. `key` may be empty.
void render_post(std::string& bytes, const RequestTemplate::Common& common, std::string_view path, std::string_view key,
                 std::string_view body);

}  // namespace dompet::cli
