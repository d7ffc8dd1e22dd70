/* A wall clock that lies, for one process: LD_PRELOAD. It is off by the 64-bit number of seconds at the beginning of the file
 * that WALL_CLOCK_OFFSET names, which may change at any time. Other clocks tell the truth. libfaketime does the same and more,
 * but allocates memory while it begins, which jemalloc, which asks for the time while it begins, does not survive. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t offset_s(void) {
  static int file = -1;
  const char* name = file < 0 ? getenv("WALL_CLOCK_OFFSET") : NULL;
  int64_t seconds = 0;
  if (name != NULL)
    file = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
  if (file < 0 || pread(file, &seconds, sizeof seconds, 0) != (ssize_t)sizeof seconds)
    return 0;
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += offset_s();
  return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec exact;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
    return -1;
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* now) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now != NULL)
    *now = exact.tv_sec;
  return exact.tv_sec;
}
