// Messages of peers, records of the log, and who the members are. What can be read can be written,
// and is the same when it is read again; nothing takes more memory than its bytes stand for.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "consensus/codec.h"
#include "consensus/membership.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace rabia::fuzz {
namespace {

using namespace rabia::consensus;

// Writes what was read, and reads and writes it again: a varint may have come in a longer form, so
// only the second bytes must be equal.
void check_messages(std::string_view bytes) {
  base::Decoder in(bytes);
  while (in.remaining() > 0) {
    const Result<Message> message = decode_message(in);
    if (!message.ok()) {
      RABIA_CHECK(message.status().code() == Code::corrupted);
      RABIA_CHECK(in.remaining() == 0);  // Nothing is read on behind it.
      return;
    }
    std::string written;
    encode(message.value(), written);
    base::Decoder again(written);
    const Result<Message> same = decode_message(again);
    RABIA_CHECK(same.ok() && again.complete());
    std::string written_again;
    encode(same.value(), written_again);
    RABIA_CHECK(written == written_again);
  }
}

void check_record(std::string_view bytes) {
  const Result<Record> record = decode_record(bytes);
  if (!record.ok()) {
    RABIA_CHECK(record.status().code() == Code::corrupted);
    return;
  }
  std::string written;
  encode(record.value(), written);
  const Result<Record> same = decode_record(written);
  RABIA_CHECK(same.ok());
  std::string written_again;
  encode(same.value(), written_again);
  RABIA_CHECK(written == written_again);
}

void check_membership(std::string_view bytes) {
  const std::optional<Membership> found = membership_in(bytes);
  RABIA_CHECK(found.has_value() == (!bytes.empty() && bytes.front() == membership_batch));
  if (!found) return;
  const Membership founded = founded_with({{1}, {2}, {3}});
  if (!may_follow(founded, *found).ok()) return;
  const std::optional<Membership> same = membership_in(batch_of(*found).view());
  RABIA_CHECK(same && *same == *found);
  ConfigurationHistory history(founded);
  history.add({{7}, *found});
  RABIA_CHECK(history.at({6}).size() == 3);
  RABIA_CHECK(history.at({7}).size() == found->voters().size());
}

void check_epochs(std::string_view bytes) {
  const Result<std::vector<Epoch>> epochs = decode_epochs(bytes);
  if (!epochs.ok()) return;
  RABIA_CHECK(!epochs.value().empty());
  const Result<std::vector<Epoch>> same = decode_epochs(encode_epochs(epochs.value()));
  RABIA_CHECK(same.ok() && same.value() == epochs.value());
  ConfigurationHistory history(founded_with({{1}}));
  history.begin(epochs.value());
  RABIA_CHECK(history.latest() == epochs.value().back().membership);
}

void run(std::string_view bytes) {
  Input input(bytes);
  switch (input.byte() % 4) {
    case 0:
      return check_messages(input.rest());
    case 1:
      return check_record(input.rest());
    case 2:
      return check_membership(input.rest());
    default:
      return check_epochs(input.rest());
  }
}

base::SharedBytes shared(const char* text) {
  return base::SharedBytes(std::string(text));
}

std::vector<Message> some_messages() {
  const Nonce nonce{1, 2};
  const FoundingVector vector{{{1}, {3, 4}}, {{2}, {5, 6}}};
  const SnapshotName name{{9}, 1000, 77};
  const published::RequestId request{123, {2}, 4};
  std::vector<Message> all = {
      message::Batch{{5}, true, shared("batch")},
      message::Skip{{{3}, {300}}},
      message::State{{2}, {{5}, {6}}, 1, Bit::one},
      message::CastVote{{2}, {{5}, {900}}, 300, Vote::question},
      message::Decided{{3}, {{5}, {6}}, Bit::one},
      message::Need{{5}, {9}, {{{5}, {1}}, {{6}, {2}}}},
      message::NeedEnd{{8}, true},
      message::BatchCopy{{{5}, {1}}, shared("copy")},
      message::Ask{message::BarrierKind::read, nonce},
      message::Answer{message::BarrierKind::rejoin, nonce, {12}},
      message::Below{name},
      message::SnapshotAsk{name, 64},
      message::SnapshotPart{name, 64, shared("part")},
      message::Digest{{7}, {1, 2}},
      message::Published{published::Said{published::Request{request, shared("request")}}},
      message::Published{published::Said{published::State{{4}, 1, Bit::one, request}}},
  };
  message::Beat beat;
  beat.incarnation = vector;
  beat.executed_end = {5};
  beat.in_use_end = {6};
  beat.lanes = {{{2}, 4, {7}, base::Duration(500)}};
  beat.nonce = nonce;
  beat.said = vector;
  beat.supports_until = {1'000'000};
  all.emplace_back(beat);
  return all;
}

std::vector<Record> some_records() {
  record::Boot boot;
  boot.cluster_id = "blue";
  boot.incarnation = {{{1}, {3, 4}}};
  boot.member = {1};
  boot.boot_id = "boot";
  record::Checkpoint checkpoint;
  checkpoint.round = {9};
  checkpoint.boot = boot;
  checkpoint.batches = {{{{9}, {1}}, shared("batch")}};
  checkpoint.states = {{{1}, {{9}, {10}}, 1, Bit::one, {}}};
  checkpoint.votes = {{{2}, {{9}, {10}}, 2, Vote::question}};
  checkpoint.decided = {{{3}, {{9}, {10}}, Bit::zero}};
  return {
      record::State{{1}, {{5}, {6}}, 1, Bit::one, shared("batch")},
      record::CastVote{{1}, {{5}, {6}}, 1, Vote::one},
      record::Decided{{2}, {{5}, {9}}, Bit::zero},
      record::Batch{{{5}, {2}}, shared("batch")},
      record::Reserve{{64}},
      record::Founding{{1, 2}, {{{1}, {1, 2}}}},
      boot,
      record::CleanStop{},
      checkpoint,
      record::Rejoin{{12}},
  };
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  const auto add = [&all](std::uint8_t kind, std::string_view rest) {
    all.push_back(InputWriter().byte(kind).raw(rest).bytes());
  };
  std::string stream;
  for (const Message& message : some_messages()) {
    std::string one;
    encode(message, one);
    add(0, one);
    stream += one;
  }
  add(0, stream);
  for (const Record& record : some_records()) {
    std::string one;
    encode(record, one);
    add(1, one);
  }
  Membership next = founded_with({{1}, {2}, {3}});
  const std::string founded = encode_epochs({{{0}, next}});
  ++next.number;
  next.members.push_back({{4}, "host:7000", false, true, {2}});
  add(2, batch_of(next).view());
  add(3, founded);
  add(3, encode_epochs({{{0}, founded_with({{1}, {2}, {3}})}, {{70}, next}}));
  return all;
}

}  // namespace

const Target messages{"messages", run, seeds};

}  // namespace rabia::fuzz
