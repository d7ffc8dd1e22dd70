#pragma once

namespace dompet {

/// Before the first handle is made: begins libcurl, once a process. Any thread.
void begin_curl();

}  // namespace dompet
