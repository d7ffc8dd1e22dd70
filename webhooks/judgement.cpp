#include "webhooks/judgement.hpp"

#include <time.h>

#include <algorithm>
#include <charconv>

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int too_many_requests = 429;
constexpr int unavailable = 503;
constexpr int gone = 410;
/// Failures of an endpoint until it is asked less often.
constexpr int patience = 5;
/// Of a pause, either way.
constexpr double jitter = 0.1;

milliseconds quiet_after(int failures, milliseconds longest) {
  constexpr int most_doublings = 20;
  if (failures < patience)
    return milliseconds{0};
  return std::min<milliseconds>(longest, seconds{1LL << std::min(failures - patience, most_doublings)});
}

milliseconds jittered(milliseconds pause, double chance) {
  const double factor = 1 - jitter + 2 * jitter * chance;
  return milliseconds{static_cast<std::int64_t>(static_cast<double>(pause.count()) * factor)};
}

}  // namespace

std::optional<seconds> read_retry_after(std::string_view text, std::int64_t now_s) {
  std::int64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (fault == std::errc{} && end == text.data() + text.size() && count >= 0)
    return seconds{count};
  tm parts{};
  const std::string copy{text};
  const char* rest = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0')
    return std::nullopt;
  return seconds{std::max<std::int64_t>(0, ::timegm(&parts) - now_s)};
}

WebhookJudgement judge(const WebhookSettings& settings, const WebhookAttempt& attempt, std::int64_t now_s,
                       double chance) {
  if (attempt.status >= 200 && attempt.status < 300)
    return {};
  WebhookJudgement judgement{.state = "failed",
                             .quiet = quiet_after(attempt.failures_in_row + 1, settings.longest_quiet)};
  if (attempt.status == gone) {
    judgement.disabled_why = "The receiver answered 410 Gone.";
    return judgement;
  }
  if (attempt.failing_for >= settings.disable_after)
    judgement.disabled_why =
        "Every attempt failed for " + std::to_string(settings.disable_after.count()) + " hours or longer.";
  const auto place = static_cast<std::size_t>(attempt.attempts_before);
  if (place >= settings.retry_pauses.size())
    return judgement;
  judgement.state = "pending";
  judgement.pause = jittered(settings.retry_pauses[place], chance);
  if (attempt.status != too_many_requests && attempt.status != unavailable)
    return judgement;
  if (const auto wish = read_retry_after(attempt.retry_after, now_s)) {
    const milliseconds asked = std::min(*wish, settings.longest_retry_after);
    judgement.pause = std::max(judgement.pause, asked);
    judgement.quiet = std::max(judgement.quiet, asked);
  }
  return judgement;
}

}  // namespace dompet
