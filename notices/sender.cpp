#include "notices/sender.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "config/logging.hpp"
#include "notices/mail_spool.hpp"
#include "outbound/mail_message.hpp"
#include "persistence/mail_store.hpp"
#include "persistence/session.hpp"

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds measure_every{5};
constexpr std::chrono::minutes sweep_every{60};
constexpr milliseconds claim_of_spool{10'000};
/// How long a server that does not answer is left alone at most: whoever mends it waits no longer for the first mail.
constexpr milliseconds longest_silence{30'000};

void rest(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

SessionSettings session_settings(const MailDatabase& database) {
  return {.database = database.url,
          .application_name = database.application_name,
          .connect_timeout_s = database.connect_timeout_s,
          .statement_timeout_ms = database.statement_timeout_ms,
          .lock_timeout_ms = database.lock_timeout_ms,
          .read_only = false};
}

/// first, twice that, four times that, …
milliseconds pause_after(int failures, milliseconds first, milliseconds longest) {
  constexpr int most_doublings = 20;
  return std::min<milliseconds>(first * (1LL << std::min(failures - 1, most_doublings)), longest);
}

}  // namespace

class MailSender::Work {
 public:
  Work(MailSettings settings, MailDatabase database, const std::atomic<std::uint64_t>& left_out)
      : settings_(std::move(settings)), database_(std::move(database)), left_out_(left_out), spool_(settings_.spool) {
    for (int number = 0; number < settings_.senders; ++number)
      threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }

  ~Work() {
    for (std::jthread& thread : threads_)
      thread.request_stop();
  }
  Work(const Work&) = delete;

  MailCounters counters() const { return {sent_, failed_, put_off_, left_out_, waiting_, oldest_age_s_}; }

 private:
  /// What a thread has for itself.
  struct Hand {
    explicit Hand(const MailDatabase& database) : session(session_settings(database)), store(session) {}
    SqlSession session;
    MailStore store;
    std::optional<SmtpClient> client{};
    /// How often in a row the server did not answer.
    int silent = 0;
  };

  void run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "mail");
    Hand hand(database_);
    if (!settings_.smtp.url.empty())
      hand.client.emplace(settings_.smtp);
    while (!stop.stop_requested()) {
      try {
        if (const auto mail = next(stop, hand.store))
          hand_over(hand, *mail, stop);
      } catch (const std::exception& fault) {
        complain(fault.what());
        rest(stop, settings_.first_pause);
      }
    }
  }

  /// Longer than a delivery can take.
  milliseconds claim() const { return settings_.smtp.url.empty() ? claim_of_spool : 2 * settings_.smtp.timeout; }

  /// Only one thread at a time looks, so that an idle process asks the database once a while and not once a thread.
  std::optional<ClaimedMail> next(const std::stop_token& stop, MailStore& store) {
    const std::lock_guard turn(turn_);
    while (!stop.stop_requested()) {
      look_after(store);
      if (auto mail = store.claim(claim().count(), settings_.give_up_days))
        return mail;
      rest(stop, settings_.poll);
    }
    return std::nullopt;
  }

  void hand_over(Hand& hand, const ClaimedMail& mail, const std::stop_token& stop) {
    const SmtpAnswer answer = deliver(hand, mail, stop);
    if (answer.outcome != SmtpOutcome::taken)
      return note_failure(hand, mail, answer, stop);
    hand.store.sent(mail.id);
    ++sent_;
    hand.silent = 0;
    complain("");
  }

  SmtpAnswer deliver(Hand& hand, const ClaimedMail& mail, const std::stop_token& stop) {
    const std::string domain = settings_.sender_address.substr(settings_.sender_address.rfind('@') + 1);
    const std::string message = compose({.id = to_string(mail.id) + '@' + domain,
                                         .sender_name = settings_.sender_name,
                                         .sender_address = settings_.sender_address,
                                         .recipient = mail.recipient,
                                         .subject = mail.subject,
                                         .text = mail.text,
                                         .html = mail.html,
                                         .at_ms = mail.created_at_ms});
    if (hand.client)
      return hand.client->send(settings_.sender_address, mail.recipient, message, stop);
    try {
      spool_.put(to_string(mail.id), message);
      return {SmtpOutcome::taken, ""};
    } catch (const std::runtime_error& fault) {
      return {SmtpOutcome::unreachable, fault.what()};
    }
  }

  void note_failure(Hand& hand, const ClaimedMail& mail, const SmtpAnswer& answer, const std::stop_token& stop) {
    if (stop.stop_requested())
      return hand.store.put_off(mail.id, "the sender was stopped", 0);
    if (answer.outcome == SmtpOutcome::refused || mail.is_last_attempt) {
      hand.store.give_up(mail.id, answer.words);
      ++failed_;
      log_event(LogLevel::warning, "a mail is given up", {{"mail", to_string(mail.id)}, {"reason", answer.words}});
      return;
    }
    ++put_off_;
    hand.store.put_off(mail.id, answer.words,
                       pause_after(mail.attempts, settings_.first_pause, settings_.longest_pause).count());
    if (answer.outcome != SmtpOutcome::unreachable) {
      hand.silent = 0;
      return;
    }
    complain(answer.words);
    rest(stop, pause_after(++hand.silent, settings_.first_pause, std::min(settings_.longest_pause, longest_silence)));
  }

  /// Once for each new fault, and once when it is over.
  void complain(const std::string& fault) {
    const std::lock_guard lock(fault_mutex_);
    if (fault == last_fault_)
      return;
    if (fault.empty())
      log_event(LogLevel::info, "mails go out again", {});
    else
      log_event(LogLevel::warning, "mails do not go out", {{"reason", fault}});
    last_fault_ = fault;
  }

  void look_after(MailStore& store) {
    const auto now = steady_clock::now();
    if (now >= next_measure_) {
      next_measure_ = now + measure_every;
      const MailsWaiting waiting = store.waiting();
      waiting_ = waiting.count;
      oldest_age_s_ = waiting.oldest_age_s;
    }
    if (now < next_sweep_)
      return;
    if (!store.sweep(settings_.keep_days))
      next_sweep_ = now + sweep_every;
    spool_.sweep(settings_.keep_days);
  }

  MailSettings settings_;
  MailDatabase database_;
  const std::atomic<std::uint64_t>& left_out_;
  MailSpool spool_;
  std::mutex fault_mutex_;
  std::string last_fault_{};
  /// Of the two moments as well.
  std::mutex turn_;
  steady_clock::time_point next_measure_{};
  steady_clock::time_point next_sweep_{};

  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> put_off_ = 0;
  std::atomic<std::int64_t> waiting_ = 0;
  std::atomic<std::int64_t> oldest_age_s_ = 0;
  /// The last ones, so that they end before what they use.
  std::vector<std::jthread> threads_{};
};

MailSender::MailSender(MailSettings settings, const MailDatabase& database, const std::atomic<std::uint64_t>& left_out)
    : work_(std::make_unique<Work>(std::move(settings), database, left_out)) {}

MailSender::~MailSender() = default;

MailCounters MailSender::counters() const { return work_->counters(); }

}  // namespace dompet
