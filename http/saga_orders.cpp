#include "http/saga_orders.hpp"

#include <utility>

#include "http/gather.hpp"

namespace dompet::http {

namespace {

std::string sentence_of(SagaOrder order, SagaState state) {
  switch (order) {
    case SagaOrder::retry: return "Its message goes out again at once.";
    case SagaOrder::cancel:
      return state == SagaState::cancelling || state == SagaState::reserved
                 ? "The destination will be asked to refuse it; the money comes back only with its word, and goes "
                   "forward if it had credited it already."
                 : "It is being finished.";
    case SagaOrder::pause: return "Nothing more is sent until it is resumed, or until its shard changes hands.";
    case SagaOrder::resume: return "It goes on at once.";
    case SagaOrder::approve: return "It goes on: its destination is asked now.";
    case SagaOrder::reject: return "The destination is asked to refuse it; the money comes back with its word.";
    case SagaOrder::inspect: break;
  }
  return "Looked at.";
}

/// One order on its way; shared by the steps that follow each other on the io thread.
class OrderOnItsWay : public std::enable_shared_from_this<OrderOnItsWay> {
 public:
  OrderOnItsWay(Services& services, OrderWish wish, std::function<void(const OrderOutcome&)> done)
      : services_(services), wish_(std::move(wish)), done_(std::move(done)) {}

  void begin() {
    const AuditEntry entry = audit_entry("");
    gather<std::optional<SagaListing>>(
        services_, nullptr,
        [id = wish_.saga, entry](Reader& reader) { return SagaDesk(reader).announce_order(id, entry); },
        [self = shared_from_this()](const Parts<std::optional<SagaListing>>& parts) { self->on_announced(parts); });
  }

 private:
  AuditEntry audit_entry(const std::string& suffix) {
    AuditEntry entry{.id = services_.ids.next(),
                     .who = wish_.who,
                     .what = "saga." + std::string{name_of(wish_.order)} + suffix,
                     .why = wish_.why};
    if (!wish_.job.is_nil())
      entry.evidence = R"({"job":")" + to_string(wish_.job) + "\"}";
    return entry;
  }

  void on_announced(const Parts<std::optional<SagaListing>>& parts) {
    for (std::size_t database = 0; database < parts.size(); ++database)
      if (parts[database] && *parts[database]) {
        listing_ = **parts[database];
        database_ = static_cast<int>(database);
        return look_at(listing_.state);
      }
    if (is_whole(parts))
      return refuse({.code = "saga_not_found"}, "not_found");
    refuse({.code = "unavailable", .detail = "The database cannot answer now.", .applied = Applied::no}, "unavailable");
  }

  /// Who may operate transfers may not decide on a review by calling it off: that takes an officer's permission, and a
  /// transfer that is not his own.
  void look_at(SagaState state) {
    if (is_final(state))
      return say_final(state);
    if (state == SagaState::under_review && wish_.order == SagaOrder::cancel)
      return refuse({.code = "order_refused",
                     .detail = "It waits for an officer, who rejects it by POST /v1/risk/assessments/{id}/reject."},
                    "not_taken");
    ask();
  }

  void ask() {
    Verdict verdict;
    if (is_decision(wish_.order))
      verdict = {wish_.who, wish_.why};
    services_.ask.ask(SagaOrderRequest{wish_.saga, listing_.source_shard, wish_.order, std::move(verdict)},
                      [self = shared_from_this()](const Reply& reply) { self->on_reply(reply); });
  }

  void on_reply(const Reply& reply) {
    const auto* report = reply.result == nullptr ? nullptr : std::get_if<SagaReport>(reply.result);
    if (report == nullptr)
      return on_no_owner(reply);
    if (!report->open)
      return refuse(
          {.code = "order_refused",
           .detail = "Its owner has no such open transfer: it has just ended, or is not loaded yet. Look again."},
          "not_taken");
    if (!report->accepted && is_decision(wish_.order))
      return refuse({.code = "not_under_review"}, "not_taken");
    if (!report->accepted)
      return refuse({.code = "order_refused",
                     .detail = "The destination has decided, and the last step is being recorded: too late to cancel."},
                    "not_taken");
    accepted_ = {.accepted = true, .state = report->state, .sentence = sentence_of(wish_.order, report->state)};
    if (wish_.order == SagaOrder::pause || wish_.order == SagaOrder::resume || wish_.order == SagaOrder::cancel)
      return mark();
    done_(accepted_);
  }

  void on_no_owner(const Reply& reply) {
    const auto* not_now = reply.result == nullptr ? nullptr : std::get_if<NotNow>(reply.result);
    const bool surely_not = not_now != nullptr && !not_now->may_be_applied;
    std::string detail = "The owner of shard " + std::to_string(listing_.source_shard) + " cannot be reached.";
    if (not_now != nullptr && !not_now->reason.empty())
      detail += " " + not_now->reason;
    refuse({.code = "owner_unreachable",
            .detail = std::move(detail),
            .applied = surely_not ? Applied::no : Applied::unknown},
           "not_taken");
  }

  /// Notes beside the transfer whether it is paused: lists are made from the tables.
  void mark() {
    const auto view = services_.engine.cluster();
    const Shard shard = listing_.source_shard;
    const std::uint64_t epoch = shard < view->shards.size() ? view->shards[shard].row.epoch : 0;
    const bool pauses = wish_.order == SagaOrder::pause;
    // The order was taken, whether the mark could be written or not.
    write([pauses, epoch, saga = wish_.saga,
           who = wish_.who](SagaDesk& desk) { pauses ? desk.mark_paused(saga, who, epoch) : desk.mark_resumed(saga); },
          [self = shared_from_this()] { self->done_(self->accepted_); });
  }

  void say_final(SagaState state) {
    OrderOutcome outcome{.state = state, .problem = {.code = "saga_is_final"}};
    outcome.problem.detail = "It is " + std::string{dompet::name_of(state)} + ".";
    outcome.sentence = outcome.problem.detail;
    is_decision(wish_.order) ? audit_not_taken(outcome) : done_(outcome);
  }

  void refuse(Problem problem, std::string_view how) {
    OrderOutcome outcome{.state = listing_.state, .sentence = problem.detail, .problem = std::move(problem)};
    if (how != "not_taken")
      return done_(outcome);
    audit_not_taken(outcome);
  }

  void audit_not_taken(const OrderOutcome& outcome) {
    const AuditEntry entry = audit_entry(".not_taken");
    write([entry, saga = wish_.saga](SagaDesk& desk) { desk.audit(entry, saga); },
          [self = shared_from_this(), outcome] { self->done_(outcome); });
  }

  /// Beside the transfer, in its own database; then goes on, also when that failed.
  void write(std::function<void(SagaDesk&)> work, std::function<void()> then) {
    // Handed over, so that the pool keeps no part of whoever waits.
    const auto carried = std::make_shared<std::function<void()>>(std::move(then));
    const auto go_on = [&ask = services_.ask, carried] {
      if (*carried)
        ask.post(std::exchange(*carried, nullptr));
    };
    const bool is_taken = services_.engine.query(
        [work = std::move(work), go_on](Reader& reader) {
          SagaDesk desk(reader);
          work(desk);
          go_on();
        },
        [go_on](const std::string& reason) {
          log_event(LogLevel::warning, "what became of an order was not recorded", {{"reason", reason}});
          go_on();
        },
        database_);
    if (!is_taken)
      go_on();
  }

  Services& services_;
  OrderWish wish_;
  std::function<void(const OrderOutcome&)> done_;
  SagaListing listing_{};
  int database_ = 0;
  OrderOutcome accepted_{};
};

}  // namespace

std::string_view name_of(SagaOrder order) {
  switch (order) {
    case SagaOrder::inspect: return "inspect";
    case SagaOrder::retry: return "retry";
    case SagaOrder::cancel: return "cancel";
    case SagaOrder::pause: return "pause";
    case SagaOrder::resume: return "resume";
    case SagaOrder::approve: return "approve";
    case SagaOrder::reject: return "reject";
  }
  return "unknown";
}

void give_order(Services& services, OrderWish wish, std::function<void(const OrderOutcome&)> done) {
  std::make_shared<OrderOnItsWay>(services, std::move(wish), std::move(done))->begin();
}

}  // namespace dompet::http
