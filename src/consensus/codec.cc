#include "consensus/codec.h"

#include <type_traits>
#include <utility>

#include "base/hash.h"
#include "consensus/published/codec.h"

namespace rabia::consensus {

using base::Decoder;
using base::Encoder;

// The number that stands before a message or a record is its place in the variant, plus one. Both
// are pinned by golden bytes in codec_test.cc: append alternatives, never insert.
namespace {

// ---- parts

void put(Encoder& out, Round round) {
  out.varint(round.value);
}
void put(Encoder& out, ReplicaId id) {
  out.varint(id.value);
}
void put(Encoder& out, RoundRange rounds) {
  out.varint(rounds.first.value);
  out.varint(rounds.end.value - rounds.first.value);
}
void put(Encoder& out, SlotId slot) {
  put(out, slot.round);
  put(out, slot.lane);
}
void put(Encoder& out, Nonce nonce) {
  out.fixed(nonce.high);
  out.fixed(nonce.low);
}
void put(Encoder& out, const FoundingVector& vector) {
  out.varint(vector.size());
  for (const FoundingEntry& entry : vector) {
    put(out, entry.member);
    put(out, entry.nonce);
  }
}
void put(Encoder& out, const base::SharedBytes& bytes) {
  out.bytes(bytes.view());
}

void put(Encoder& out, const SnapshotName& name) {
  put(out, name.round);
  out.varint(name.bytes);
  out.fixed(name.checksum);
}

Round take_round(Decoder& in) {
  return {in.varint_at_most(round_never.value)};
}
ReplicaId take_id(Decoder& in) {
  const auto value = static_cast<std::uint16_t>(in.varint_at_most(0xffff));
  if (value == 0) in.fail();
  return {value};
}
SnapshotName take_snapshot_name(Decoder& in) {
  const Round round = take_round(in);
  const std::uint64_t bytes = in.varint();
  return {round, bytes, in.fixed<std::uint64_t>()};
}
RoundRange take_rounds(Decoder& in) {
  const Round first = take_round(in);
  return {first, first + in.varint_at_most(range_rounds_max)};
}
SlotId take_slot(Decoder& in) {
  const Round round = take_round(in);
  return {round, take_id(in)};
}
Nonce take_nonce(Decoder& in) {
  const auto high = in.fixed<std::uint64_t>();
  return {high, in.fixed<std::uint64_t>()};
}
template <typename Enum>
Enum take_enum(Decoder& in, Enum last) {
  const auto value = in.fixed<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last)) in.fail();
  return in.ok() ? static_cast<Enum>(value) : Enum{};
}
bool take_bool(Decoder& in) {
  return take_enum(in, Bit::one) == Bit::one;
}
Phase take_phase(Decoder& in) {
  const auto phase = static_cast<Phase>(in.varint_at_most(0xffff'ffff));
  if (phase < first_phase) in.fail();
  return phase;
}
base::SharedBytes take_shared(Decoder& in) {
  return base::SharedBytes(std::string(in.bytes()));
}
FoundingVector take_vector(Decoder& in) {
  FoundingVector vector(in.varint_at_most(64));
  for (FoundingEntry& entry : vector) {
    entry.member = take_id(in);
    entry.nonce = take_nonce(in);
  }
  return vector;
}

template <typename T>
std::uint8_t byte_of(T value) {
  return static_cast<std::uint8_t>(value);
}

// What State, CastVote and Decided share, as message and as record.
template <typename T>
void put_ranged(Encoder& out, const T& value) {
  put(out, value.lane);
  put(out, value.rounds);
  if constexpr (requires { value.phase; }) out.varint(value.phase);
  out.fixed(byte_of(value.value));
}
template <typename T, typename Value>
T take_ranged(Decoder& in, Value last) {
  T value;
  value.lane = take_id(in);
  value.rounds = take_rounds(in);
  if constexpr (requires { value.phase; }) value.phase = take_phase(in);
  value.value = take_enum(in, last);
  return value;
}

// ---- messages

void put(Encoder& out, const message::Batch& m) {
  put(out, m.round);
  out.varint(0);  // `after`: reserved (section 3).
  out.fixed(byte_of(m.with_state));
  put(out, m.bytes);
}
void put(Encoder& out, const message::Skip& m) {
  put(out, m.rounds);
}
void put(Encoder& out, const message::State& m) {
  put_ranged(out, m);
}
void put(Encoder& out, const message::CastVote& m) {
  put_ranged(out, m);
}
void put(Encoder& out, const message::Decided& m) {
  put_ranged(out, m);
}
void put(Encoder& out, const message::Need& m) {
  put(out, m.executed_end);
  put(out, m.in_use_end);
  out.varint(m.wanted.size());
  for (const SlotId slot : m.wanted) put(out, slot);
}
void put(Encoder& out, const message::NeedEnd& m) {
  put(out, m.next);
  out.fixed(byte_of(m.more));
}
void put(Encoder& out, const message::BatchCopy& m) {
  put(out, m.slot);
  put(out, m.bytes);
}
void put(Encoder& out, const message::Ask& m) {
  out.fixed(byte_of(m.kind));
  put(out, m.nonce);
}
void put(Encoder& out, const message::Answer& m) {
  out.fixed(byte_of(m.kind));
  put(out, m.nonce);
  put(out, m.end);
}
void put(Encoder& out, const message::Below& m) {
  put(out, m.snapshot);
}
void put(Encoder& out, const message::SnapshotAsk& m) {
  put(out, m.snapshot);
  out.varint(m.offset);
}
void put(Encoder& out, const message::SnapshotPart& m) {
  put(out, m.snapshot);
  out.varint(m.offset);
  put(out, m.bytes);
}
void put(Encoder& out, const message::Digest& m) {
  out.varint(m.position.value);
  out.fixed(m.digest.high);
  out.fixed(m.digest.low);
}
void put(Encoder& out, const message::Published& m) {
  published::put(out, m.said);
}
void put(Encoder& out, const message::Beat& m) {
  put(out, m.incarnation);
  put(out, m.executed_end);
  put(out, m.in_use_end);
  put(out, m.lane_from);
  put(out, m.floor);
  out.varint(m.supports_until.value);
  out.varint(m.lanes.size());
  for (const message::LaneReport& report : m.lanes) {
    put(out, report.lane);
    out.varint(report.interval);
    put(out, report.ahead_end);
    out.varint(static_cast<std::uint64_t>(report.waited.count()));
  }
  put(out, m.nonce);
  put(out, m.said);
}

message::Batch take(Decoder& in, std::in_place_type_t<message::Batch>) {
  message::Batch m;
  m.round = take_round(in);
  in.varint_at_most(0);
  m.with_state = take_bool(in);
  m.bytes = take_shared(in);
  return m;
}
message::Skip take(Decoder& in, std::in_place_type_t<message::Skip>) {
  return {take_rounds(in)};
}
message::State take(Decoder& in, std::in_place_type_t<message::State>) {
  return take_ranged<message::State>(in, Bit::one);
}
message::CastVote take(Decoder& in, std::in_place_type_t<message::CastVote>) {
  return take_ranged<message::CastVote>(in, Vote::question);
}
message::Decided take(Decoder& in, std::in_place_type_t<message::Decided>) {
  return take_ranged<message::Decided>(in, Bit::one);
}
message::Need take(Decoder& in, std::in_place_type_t<message::Need>) {
  message::Need m;
  m.executed_end = take_round(in);
  m.in_use_end = take_round(in);
  const std::uint64_t count = in.varint_at_most(message::wanted_max);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) m.wanted.push_back(take_slot(in));
  return m;
}
message::NeedEnd take(Decoder& in, std::in_place_type_t<message::NeedEnd>) {
  message::NeedEnd m;
  m.next = take_round(in);
  m.more = take_bool(in);
  return m;
}
message::BatchCopy take(Decoder& in, std::in_place_type_t<message::BatchCopy>) {
  message::BatchCopy m;
  m.slot = take_slot(in);
  m.bytes = take_shared(in);
  return m;
}
message::Ask take(Decoder& in, std::in_place_type_t<message::Ask>) {
  message::Ask m;
  m.kind = take_enum(in, message::BarrierKind::rejoin);
  m.nonce = take_nonce(in);
  return m;
}
message::Answer take(Decoder& in, std::in_place_type_t<message::Answer>) {
  message::Answer m;
  m.kind = take_enum(in, message::BarrierKind::rejoin);
  m.nonce = take_nonce(in);
  m.end = take_round(in);
  return m;
}
message::Beat take(Decoder& in, std::in_place_type_t<message::Beat>) {
  message::Beat m;
  m.incarnation = take_vector(in);
  m.executed_end = take_round(in);
  m.in_use_end = take_round(in);
  m.lane_from = take_round(in);
  m.floor = take_round(in);
  m.supports_until.value = in.varint();
  m.lanes.resize(in.varint_at_most(64));
  for (message::LaneReport& report : m.lanes) {
    report.lane = take_id(in);
    report.interval = static_cast<std::uint32_t>(in.varint_at_most(1U << 20));
    if (report.interval == 0) in.fail();
    report.ahead_end = take_round(in);
    report.waited = base::Duration(in.varint_at_most(std::uint64_t{1} << 62));
  }
  m.nonce = take_nonce(in);
  m.said = take_vector(in);
  return m;
}

message::Below take(Decoder& in, std::in_place_type_t<message::Below>) {
  return {take_snapshot_name(in)};
}
message::SnapshotAsk take(Decoder& in, std::in_place_type_t<message::SnapshotAsk>) {
  message::SnapshotAsk m;
  m.snapshot = take_snapshot_name(in);
  m.offset = in.varint();
  return m;
}
message::SnapshotPart take(Decoder& in, std::in_place_type_t<message::SnapshotPart>) {
  message::SnapshotPart m;
  m.snapshot = take_snapshot_name(in);
  m.offset = in.varint();
  m.bytes = take_shared(in);
  return m;
}
message::Digest take(Decoder& in, std::in_place_type_t<message::Digest>) {
  message::Digest m;
  m.position = {in.varint()};
  if (m.position == LogPosition{}) in.fail();
  m.digest.high = in.fixed<std::uint64_t>();
  m.digest.low = in.fixed<std::uint64_t>();
  return m;
}

message::Published take(Decoder& in, std::in_place_type_t<message::Published>) {
  return {published::take_said(in)};
}

// ---- records

void put(Encoder& out, const record::State& r) {
  put_ranged(out, r);
  out.fixed(byte_of(static_cast<bool>(r.batch)));
  if (r.batch) put(out, r.batch);
}
void put(Encoder& out, const record::CastVote& r) {
  put_ranged(out, r);
}
void put(Encoder& out, const record::Decided& r) {
  put_ranged(out, r);
}
void put(Encoder& out, const record::Batch& r) {
  put(out, r.slot);
  put(out, r.bytes);
}
void put(Encoder& out, const record::Reserve& r) {
  put(out, r.end);
}
void put(Encoder& out, const record::Founding& r) {
  put(out, r.nonce);
  put(out, r.said);
}
void put(Encoder& out, const record::Boot& r) {
  out.bytes(r.cluster_id);
  put(out, r.incarnation);
  put(out, r.member);
  out.fixed(byte_of(r.mode));
  out.bytes(r.boot_id);
  out.fixed(byte_of(r.without_memory));
}
void put(Encoder& /*out*/, const record::CleanStop& /*r*/) {}
template <typename Each>
void put_all(Encoder& out, const std::vector<Each>& all) {
  out.varint(all.size());
  for (const Each& each : all) put(out, each);
}
void put(Encoder& out, const record::Checkpoint& r) {
  put(out, r.round);
  put(out, r.boot);
  put(out, r.reserved_end);
  put(out, r.floor);
  put(out, r.state_one_end);
  put_all(out, r.batches);
  put_all(out, r.states);
  put_all(out, r.votes);
  put_all(out, r.decided);
}

void put(Encoder& out, const record::Rejoin& r) {
  put(out, r.end);
}

record::State take(Decoder& in, std::in_place_type_t<record::State>) {
  auto r = take_ranged<record::State>(in, Bit::one);
  if (take_bool(in)) {
    r.batch = take_shared(in);
    if (r.value != Bit::one || distance(r.rounds.first, r.rounds.end) != 1) in.fail();
  }
  return r;
}
record::CastVote take(Decoder& in, std::in_place_type_t<record::CastVote>) {
  return take_ranged<record::CastVote>(in, Vote::question);
}
record::Decided take(Decoder& in, std::in_place_type_t<record::Decided>) {
  return take_ranged<record::Decided>(in, Bit::one);
}
record::Batch take(Decoder& in, std::in_place_type_t<record::Batch>) {
  record::Batch r;
  r.slot = take_slot(in);
  r.bytes = take_shared(in);
  return r;
}
record::Reserve take(Decoder& in, std::in_place_type_t<record::Reserve>) {
  return {take_round(in)};
}
record::Founding take(Decoder& in, std::in_place_type_t<record::Founding>) {
  record::Founding r;
  r.nonce = take_nonce(in);
  r.said = take_vector(in);
  return r;
}
record::Boot take(Decoder& in, std::in_place_type_t<record::Boot>) {
  record::Boot r;
  r.cluster_id = std::string(in.bytes());
  r.incarnation = take_vector(in);
  r.member = take_id(in);
  r.mode = take_enum(in, Mode::memory);
  r.boot_id = std::string(in.bytes());
  r.without_memory = take_bool(in);
  return r;
}
record::CleanStop take(Decoder& /*in*/, std::in_place_type_t<record::CleanStop>) {
  return {};
}
template <typename Each>
void take_all(Decoder& in, std::vector<Each>& all) {
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    all.push_back(take(in, std::in_place_type<Each>));
  }
}
record::Checkpoint take(Decoder& in, std::in_place_type_t<record::Checkpoint>) {
  record::Checkpoint r;
  r.round = take_round(in);
  r.boot = take(in, std::in_place_type<record::Boot>);
  r.reserved_end = take_round(in);
  r.floor = take_round(in);
  r.state_one_end = take_round(in);
  take_all(in, r.batches);
  take_all(in, r.states);
  take_all(in, r.votes);
  take_all(in, r.decided);
  return r;
}
record::Rejoin take(Decoder& in, std::in_place_type_t<record::Rejoin>) {
  return {take_round(in)};
}

// ---- both

template <typename Variant>
void encode_variant(const Variant& value, std::string& out) {
  Encoder encoder(out);
  encoder.fixed(static_cast<std::uint8_t>(value.index() + 1));
  std::visit([&encoder](const auto& alternative) { put(encoder, alternative); }, value);
}

template <typename Variant, std::size_t... Index>
bool take_alternative(Decoder& in, std::size_t number, Variant& out,
                      std::index_sequence<Index...> /*all*/) {
  return (
      (number == Index + 1 &&
       (out = take(in, std::in_place_type<std::variant_alternative_t<Index, Variant>>), true)) ||
      ...);
}

template <typename Variant>
Result<Variant> decode_variant(Decoder& in, std::string_view what) {
  Variant value;
  const auto number = in.fixed<std::uint8_t>();
  const auto all = std::make_index_sequence<std::variant_size_v<Variant>>{};
  if (!in.ok() || !take_alternative(in, number, value, all) || !in.ok()) {
    in.fail();
    return {Code::corrupted,
            "malformed " + std::string(what) + " of kind " + std::to_string(number)};
  }
  return value;
}

}  // namespace

void encode(const Message& message, std::string& out) {
  encode_variant(message, out);
}

Result<Message> decode_message(Decoder& in) {
  return decode_variant<Message>(in, "message");
}

void encode(const Record& record, std::string& out) {
  encode_variant(record, out);
}

Result<Record> decode_record(std::string_view bytes) {
  Decoder in(bytes);
  Result<Record> record = decode_variant<Record>(in, "record");
  if (record.ok() && !in.complete()) return {Code::corrupted, "a record is longer than it says"};
  return record;
}

Incarnation incarnation_of(const FoundingVector& vector) {
  if (vector.empty()) return 0;
  std::string bytes;
  Encoder out(bytes);
  put(out, vector);
  return base::hash64(bytes) | 1;  // Never 0, which means none.
}

}  // namespace rabia::consensus
