#include <catch2/catch_test_macros.hpp>

#include "http/trace_context.hpp"

using dompet::http::is_traceparent;

TEST_CASE("a traceparent is one as W3C Trace Context writes it") {
  CHECK(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  CHECK(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"));
  CHECK(is_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what the future brings"));
}

TEST_CASE("what only looks like a traceparent is none") {
  for (const char* text : {"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                           "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
                           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
                           "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.",
                           "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
                           "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
                           "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    INFO(text);
    CHECK_FALSE(is_traceparent(text));
  }
}
