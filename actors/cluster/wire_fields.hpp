#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "actors/engine.hpp"
#include "persistence/bytes.hpp"
#include "persistence/codec.hpp"

/// What several of the wire's messages are made of (wire.hpp). Every `put_…` has its `read_…`, which throws Unreadable.
namespace dompet::wire {

using Source = ByteReader<Unreadable>;

template <class Kind>
void put_kind(ByteWriter& out, Kind kind) {
  out.u8(static_cast<std::uint8_t>(kind));
}

inline void put_flag(ByteWriter& out, bool flag) { out.u8(flag ? 1 : 0); }

inline bool read_flag(Source& in) {
  const std::uint8_t flag = in.u8();
  if (flag > 1)
    throw Unreadable("a frame has a flag that is neither on nor off");
  return flag == 1;
}

template <std::integral Number>
Number read_number(Source& in) {
  const std::uint64_t number = in.varint();
  if (number > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
    throw Unreadable("a frame has a number that is too large for its place");
  return static_cast<Number>(number);
}

inline void put_optional_number(ByteWriter& out, const std::optional<std::int64_t>& number) {
  put_flag(out, number.has_value());
  if (number)
    out.signed_varint(*number);
}

inline std::optional<std::int64_t> read_optional_number(Source& in) {
  if (!read_flag(in))
    return std::nullopt;
  return in.signed_varint();
}

template <class Thing>
void put_id(ByteWriter& out, const Id<Thing>& id) {
  out.raw(id.uuid.bytes);
}

template <class Identifier>
Identifier read_id(Source& in) {
  return Identifier{Uuid{in.raw<16>()}};
}

inline void put_currency(ByteWriter& out, const Currency& currency) { out.varint(currency.numeric); }
Currency read_currency(Source& in);

void put_optional_decline(ByteWriter& out, const std::optional<Decline>& decline);
std::optional<Decline> read_optional_decline(Source& in);

void put_transaction(ByteWriter& out, const Transaction& transaction);
std::shared_ptr<const Transaction> read_transaction(Source& in);

/// What an engine is asked: wire_requests.cpp.
void put_request(ByteWriter& out, const Request& request);
Request read_request(Source& in);

/// What an engine answered: wire_result.cpp.
void put_result(ByteWriter& out, const Result& result);
Result read_result(Source& in);

}  // namespace dompet::wire
