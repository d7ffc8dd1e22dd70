#include "http/id_source.hpp"

#include <sys/random.h>

#include <algorithm>
#include <chrono>

#include "domain/ensure.hpp"

namespace dompet::http {

Uuid IdSource::next() {
  std::array<std::uint8_t, 10> random{};
  if (used_ + random.size() > random_.size())
    refill();
  std::copy_n(random_.data() + used_, random.size(), random.data());
  used_ += random.size();
  return make_uuid_v7(wall_clock_ms(), random);
}

void IdSource::refill() {
  for (std::size_t filled = 0; filled < random_.size();) {
    const auto got = getrandom(random_.data() + filled, random_.size() - filled, 0);
    ensure(got > 0, "the kernel gives random bytes");
    filled += static_cast<std::size_t>(got);
  }
  used_ = 0;
}

std::int64_t wall_clock_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace dompet::http
