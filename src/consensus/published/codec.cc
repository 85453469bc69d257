#include "consensus/published/codec.h"

#include <utility>

namespace rabia::consensus::published {

using base::Decoder;
using base::Encoder;

namespace {

void put_id(Encoder& out, const RequestId& id) {
  out.varint(id.time);
  out.varint(id.owner.value);
  out.varint(id.number);
}

RequestId take_id(Decoder& in) {
  RequestId id;
  id.time = in.varint();
  id.owner = {static_cast<std::uint16_t>(in.varint_at_most(0xffff))};
  id.number = in.varint_at_most(round_never.value);
  if (id.owner.value == 0 || id.number == 0) in.fail();
  return id;
}

void put_optional(Encoder& out, const std::optional<RequestId>& id) {
  out.fixed(static_cast<std::uint8_t>(id.has_value()));
  if (id) put_id(out, *id);
}

// A byte from 0 to `most`.
std::uint8_t take_small(Decoder& in, std::uint8_t most) {
  const auto value = in.fixed<std::uint8_t>();
  if (value > most) in.fail();
  return in.ok() ? value : 0;
}

std::optional<RequestId> take_optional(Decoder& in) {
  if (take_small(in, 1) == 0) return std::nullopt;
  return take_id(in);
}

Seq take_seq(Decoder& in) {
  return {in.varint_at_most(round_never.value)};
}

Phase take_phase(Decoder& in) {
  const auto phase = static_cast<Phase>(in.varint_at_most(0xffff'ffff));
  if (phase < first_phase) in.fail();
  return phase;
}

void put(Encoder& out, const Request& said) {
  put_id(out, said.id);
  out.bytes(said.bytes.view());
}
void put(Encoder& out, const Proposal& said) {
  out.varint(said.seq.value);
  put_id(out, said.id);
}
void put(Encoder& out, const State& said) {
  out.varint(said.seq.value);
  out.varint(said.phase);
  out.fixed(static_cast<std::uint8_t>(said.value));
  put_optional(out, said.request);
}
void put(Encoder& out, const CastVote& said) {
  out.varint(said.seq.value);
  out.varint(said.phase);
  out.fixed(static_cast<std::uint8_t>(said.value));
}
void put(Encoder& out, const Decided& said) {
  out.varint(said.seq.value);
  put_optional(out, said.request);
}
void put(Encoder& out, const Ask& said) {
  out.varint(said.seq.value);
}
void put(Encoder& out, const Want& said) {
  out.varint(said.ids.size());
  for (const RequestId& id : said.ids) put_id(out, id);
}
void put(Encoder& out, const Gone& said) {
  out.varint(said.kept_from.value);
}
void put(Encoder& out, const Told& said) {
  out.varint(said.end.value);
}

Said take(Decoder& in, std::in_place_type_t<Request>) {
  const RequestId id = take_id(in);
  return Request{id, base::SharedBytes(std::string(in.bytes()))};
}
Said take(Decoder& in, std::in_place_type_t<Proposal>) {
  const Seq seq = take_seq(in);
  return Proposal{seq, take_id(in)};
}
Said take(Decoder& in, std::in_place_type_t<State>) {
  State said;
  said.seq = take_seq(in);
  said.phase = take_phase(in);
  said.value = static_cast<Bit>(take_small(in, 1));
  said.request = take_optional(in);
  // Whoever says so knows of what.
  const bool names = said.phase == first_phase && said.value == Bit::one;
  if (names != said.request.has_value()) in.fail();
  return said;
}
Said take(Decoder& in, std::in_place_type_t<CastVote>) {
  CastVote said;
  said.seq = take_seq(in);
  said.phase = take_phase(in);
  said.value = static_cast<Vote>(take_small(in, 2));
  return said;
}
Said take(Decoder& in, std::in_place_type_t<Decided>) {
  const Seq seq = take_seq(in);
  return Decided{seq, take_optional(in)};
}
Said take(Decoder& in, std::in_place_type_t<Ask>) {
  return Ask{take_seq(in)};
}
Said take(Decoder& in, std::in_place_type_t<Want>) {
  Want said;
  const std::uint64_t count = in.varint_at_most(wanted_max);
  if (count == 0) in.fail();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) said.ids.push_back(take_id(in));
  return said;
}
Said take(Decoder& in, std::in_place_type_t<Gone>) {
  return Gone{take_seq(in)};
}
Said take(Decoder& in, std::in_place_type_t<Told>) {
  return Told{take_seq(in)};
}

template <std::size_t Index = 0>
Said take_alternative(std::uint8_t index, Decoder& in) {
  if constexpr (Index < std::variant_size_v<Said>) {
    if (index != Index) return take_alternative<Index + 1>(index, in);
    return take(in, std::in_place_type<std::variant_alternative_t<Index, Said>>);
  }
  in.fail();
  return Gone{};
}

}  // namespace

// The number that stands in front is the place in the variant, plus one: append, never insert.
void put(Encoder& out, const Said& said) {
  out.fixed(static_cast<std::uint8_t>(said.index() + 1));
  std::visit([&out](const auto& alternative) { put(out, alternative); }, said);
}

Said take_said(Decoder& in) {
  const auto kind = in.fixed<std::uint8_t>();
  if (kind == 0) in.fail();
  return take_alternative(static_cast<std::uint8_t>(kind - 1), in);
}

}  // namespace rabia::consensus::published
