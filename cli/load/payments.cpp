#include "cli/load/payments.hpp"

#include <nlohmann/json.hpp>

namespace dompet::cli {

namespace {

constexpr std::size_t most_refused_kept = 20;

class Payments : public Errands {
 public:
  Payments(const PaymentsFile& file, const std::vector<IdText>& wallets, const std::string& batch,
           const RequestTemplate::Common& common, PaymentsOutcome& outcome)
      : Errands(static_cast<std::uint32_t>(file.rows.size())), file_(file), wallets_(wallets),
        key_("pay:" + batch + ':'), common_(common), outcome_(outcome) {}

 protected:
  /// By hand: this is the hot path, and `read_payments` let no character through that JSON would have to escape.
  void render(Shot& shot) override {
    const auto& row = file_.rows[shot.number];
    const auto& currency = file_.accounts[row.source].currency;
    body_.assign(R"({"source_wallet_id":")").append(wallets_[row.source].data(), sizeof(IdText));
    body_.append(R"(","destination_wallet_id":")").append(wallets_[row.destination].data(), sizeof(IdText));
    body_.append(R"(","amount":")").append(format_amount(row.amount, currency));
    body_.append(R"(","currency":")").append(currency.text());
    body_.append(R"(","description":")").append(row.id).append("\"}");
    render_post(shot.bytes, common_, "/v1/transfers", key_ + row.id, body_);
  }

  void succeeded(const Shot&, const Response&) override { ++outcome_.completed; }

  void refused(const Shot& shot, const Response& response) override {
    ++(verdict_of(response.status) == Verdict::declined ? outcome_.declined : outcome_.failed);
    if (outcome_.refused.size() == most_refused_kept)
      return;
    const auto& row = file_.rows[shot.number];
    const auto problem = nlohmann::json::parse(response.body, nullptr, false);
    outcome_.refused.push_back(
        {row.line, row.id, response.status, problem.is_object() ? problem.value("code", std::string()) : ""});
  }

 private:
  const PaymentsFile& file_;
  const std::vector<IdText>& wallets_;
  std::string key_;
  const RequestTemplate::Common& common_;
  PaymentsOutcome& outcome_;
  std::string body_{};
};

}  // namespace

PaymentsOutcome send_payments(const PaymentsFile& file, const std::vector<IdText>& wallets, const std::string& batch,
                              const Endpoint& endpoint, const RequestTemplate::Common& common, const ErrandPlan& plan) {
  PaymentsOutcome outcome;
  outcome.rows = file.rows.size();
  Payments payments(file, wallets, batch, common, outcome);
  outcome.load = run_errands(endpoint, payments, plan, "payments");
  outcome.undecided = outcome.rows - outcome.completed - outcome.declined - outcome.failed;
  return outcome;
}

}  // namespace dompet::cli
