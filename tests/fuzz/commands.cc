// Commands of the store, from the log. Whatever their bytes are: two replicas of which one has
// clients that wait and one has not have the same state; what is malformed changes nothing; every
// answer can be read; changes have revisions without gaps; and a cut is the state of its moment.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "kv/operations.h"
#include "kv/result_reader.h"
#include "replica/batch.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace rabia::fuzz {
namespace {

using kv::OperationCode;
using kv::StoreMachine;

constexpr std::uint64_t offset_max = 1U << 20;
constexpr std::uint64_t data_bytes_max = 8U << 20;

// Whether it would fill much memory with zeros, which is right and slow.
bool is_large(std::string_view operation) {
  base::Decoder in(operation);
  switch (static_cast<OperationCode>(in.fixed<std::uint8_t>())) {
    case OperationCode::set_range:
      in.bytes();
      return in.varint() > offset_max;
    case OperationCode::once:
      in.bytes();
      in.varint();
      in.varint();
      return is_large(in.bytes());
    case OperationCode::transaction:
      for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
        in.bytes();
        in.varint();
      }
      for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
        in.fixed<std::uint8_t>();
        if (is_large(in.bytes())) return true;
      }
      return false;
    default:
      return false;
  }
}

class Audience final : public kv::Listener {
 public:
  void on_change(const kv::Change& change) override {
    RABIA_CHECK(change.revision == revision + 1);
    revision = change.revision;
  }
  std::uint64_t on_message(kv::ChannelKind /*kind*/, std::string_view channel,
                           std::string_view payload) override {
    return channel.size() + payload.size();
  }
  void on_missed(std::string_view /*key*/) override {}
  void on_skipped() override {}
  std::uint64_t revision = 0;
};

class Reader final : public kv::TransactionReader {
 public:
  void read(std::string_view bytes, std::string& out) override { out.append(bytes); }
};

std::string whole(StoreMachine& machine) {
  std::string out;
  const auto reader = machine.begin_snapshot();
  while (reader->read(1U << 16, out)) continue;
  return out;
}

std::vector<kv::ResultItem> results_of(std::string_view reply) {
  kv::ResultReader reader(reply);
  std::vector<kv::ResultItem> items;
  while (const auto item = reader.next()) items.push_back(*item);
  RABIA_CHECK(reader.complete());
  RABIA_CHECK(!items.empty());
  return items;
}

// Two replicas and their clients.
class World {
 public:
  World() {
    asked_.set_listener(&audience_);
    asked_.set_transaction_reader(&reader_);
    asked_.keep_changes(64U << 10);
  }
  ~World() { asked_.set_listener(nullptr); }

  void begin_batch(std::uint64_t later) {
    context_.time.value += later;
    ++context_.position.value;
    asked_.begin_batch(context_);
    alone_.begin_batch(context_);
    same();
  }
  void apply(std::string_view command) {
    if (is_large(command)) return;
    // In memory of its own, so that a byte behind it is not touched.
    const std::string owned(command);
    const StateDigest before = asked_.digest();
    std::string reply;
    asked_.apply(context_, owned, &reply);
    const std::string_view next[] = {owned};
    alone_.prefetch(next);
    alone_.apply(context_, owned, nullptr);
    same();
    const auto results = results_of(reply);
    const bool is_malformed = results.front().tag == kv::ResultTag::error &&
                              results.front().text == "ERR malformed command";
    // An answer that is kept is part of the state.
    const bool once = !owned.empty() && owned.front() == static_cast<char>(OperationCode::once);
    if (is_malformed && !once) RABIA_CHECK(before == asked_.digest());
    RABIA_CHECK(audience_.revision == asked_.store().revision());
    RABIA_CHECK(asked_.changes().end() == audience_.revision);
  }
  void begin_cut() {
    if (cut_) return;
    cut_state_.clear();
    cut_ = asked_.begin_snapshot();
    cut_wanted_ = whole(alone_);
  }
  void read_cut(std::size_t bytes) {
    if (!cut_ || cut_->read(bytes, cut_state_)) return;
    cut_.reset();
    RABIA_CHECK(cut_state_ == cut_wanted_);
  }
  [[nodiscard]] bool is_full() const { return asked_.store().data_bytes() > data_bytes_max; }
  void finish() {
    while (cut_) read_cut(1U << 12);
    const std::string state = whole(asked_);
    RABIA_CHECK(state == whole(alone_));
    StoreMachine loaded;
    const auto loader = loaded.begin_load();
    in_pieces(state, state.size(),
              [&](std::string_view piece) { RABIA_CHECK(loader->add(piece).ok()); });
    RABIA_CHECK(loader->finish().ok());
    RABIA_CHECK(loaded.digest() == asked_.digest());
    RABIA_CHECK(whole(loaded) == state);
  }

 private:
  void same() const { RABIA_CHECK(asked_.digest() == alone_.digest()); }

  Audience audience_;
  Reader reader_;
  StoreMachine asked_;
  StoreMachine alone_;
  ApplyContext context_{};
  std::unique_ptr<SnapshotReader> cut_;
  std::string cut_state_;
  std::string cut_wanted_;
};

// Few keys, so that commands meet.
std::string_view key_of(Input& input) {
  static constexpr std::array<std::string_view, 8> keys = {
      "", "a", "b", "c", "counter", "float", "a longer key", "z"};
  return keys[input.below(keys.size())];
}

kv::Expiry expiry_of(Input& input) {
  kv::Expiry expiry;
  expiry.kind = static_cast<kv::Expiry::Kind>(input.below(4));
  if (expiry.kind == kv::Expiry::Kind::in || expiry.kind == kv::Expiry::Kind::at) {
    expiry.milliseconds = static_cast<std::int64_t>(input.flag() ? input.number<std::uint64_t>()
                                                                 : input.number<std::uint16_t>());
  }
  return expiry;
}

std::string_view value_of(Input& input) {
  static constexpr std::array<std::string_view, 6> values = {
      "0", "9223372036854775807", "-9223372036854775808", "1.5e300", "inf", "+1"};
  return input.flag() ? input.some(40) : values[input.below(values.size())];
}

// A command as the encoders make it.
std::string simple(Input& input) {
  std::string out;
  const std::string_view key = key_of(input);
  switch (input.below(18)) {
    case 0:
    case 1:
      kv::encode_set(out, key, value_of(input),
                     {.condition = static_cast<kv::SetCondition>(input.below(3)),
                      .want_old = input.flag(),
                      .expiry = expiry_of(input)});
      break;
    case 2: {
      const std::string_view keys[] = {key, key_of(input)};
      kv::encode_erase(out, keys);
      break;
    }
    case 3:
      kv::encode_append(out, key, value_of(input), input.number<std::uint16_t>());
      break;
    case 4:
      kv::encode_increment(out, key, static_cast<std::int64_t>(input.number<std::uint64_t>()));
      break;
    case 5:
      kv::encode_increment_float(out, key, value_of(input));
      break;
    case 6:
      kv::encode_set_range(out, key, input.number<std::uint16_t>(), value_of(input),
                           input.number<std::uint32_t>());
      break;
    case 7: {
      const kv::KeyValue pairs[] = {{key, value_of(input)}, {key_of(input), value_of(input)}};
      kv::encode_set_many(out, pairs, input.flag());
      break;
    }
    case 8:
      kv::encode_get_and_erase(out, key);
      break;
    case 9:
      kv::encode_clear(out);
      break;
    case 10:
      kv::encode_publish(out, static_cast<kv::ChannelKind>(input.below(2)), key, value_of(input));
      break;
    case 11: {
      const auto bits = input.byte();
      kv::encode_expire(out, key, expiry_of(input),
                        {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0});
      break;
    }
    case 12:
      kv::encode_get_and_expire(out, key, expiry_of(input));
      break;
    case 13:
      kv::encode_persist(out, key);
      break;
    case 14:
      kv::encode_rename(out, key, key_of(input), input.flag());
      break;
    case 15: {
      const kv::LimitChange changes[] = {
          {static_cast<kv::LimitField>(input.below(5)), input.byte()},
          {kv::LimitField::policy, input.below(9)}};
      kv::encode_set_limits(out, changes, input.flag());
      break;
    }
    case 16: {
      const std::string_view keys[] = {key, key_of(input)};
      kv::encode_touch(out, keys);
      break;
    }
    default:
      kv::encode_copy(out, key, key_of(input), input.flag());
  }
  return out;
}

std::string once(Input& input, std::string_view operation) {
  std::string out;
  kv::encode_once(out,
                  {.session = key_of(input),
                   .number = input.byte() % 4U,
                   .keep_milliseconds = input.number<std::uint16_t>()},
                  operation);
  return out;
}

std::string transaction(Input& input) {
  std::vector<std::string> owned(input.below(5));
  for (std::string& each : owned) each = input.flag() ? simple(input) : std::string(input.some(30));
  std::vector<kv::TransactionItem> items;
  for (const std::string& each : owned) items.push_back({input.byte() % 4 == 0, each});
  std::vector<kv::TransactionCondition> conditions(input.below(3));
  for (auto& each : conditions) each = {key_of(input), input.byte()};
  std::string out;
  kv::encode_transaction(out, conditions, items);
  return out;
}

void run(std::string_view bytes) {
  Input input(bytes);
  World world;
  while (!input.empty() && !world.is_full()) {
    switch (input.byte() % 8) {
      case 0:
        world.begin_batch(input.number<std::uint16_t>());
        break;
      case 1:
        world.begin_batch(input.number<std::uint64_t>() >> 8);
        break;
      case 2:
        world.begin_cut();
        break;
      case 3:
        world.read_cut(input.byte());
        break;
      case 4:
        world.apply(once(input, simple(input)));
        break;
      case 5:
        world.apply(transaction(input));
        break;
      case 6:
        world.apply(simple(input));
        break;
      default: {  // Any bytes, as a batch holds them.
        const std::string_view batch = input.some(200);
        replica::BatchReader reader(batch);
        std::string_view command;
        while (reader.next(command)) world.apply(command);
        world.apply(batch);
      }
    }
  }
  world.finish();
}

// Each operation once, as it is in the log, and in a batch.
std::vector<std::string> operations() {
  std::vector<std::string> all(19);
  const std::string_view keys[] = {"a", "b"};
  const kv::KeyValue pairs[] = {{"a", "1"}, {"b", "2"}};
  kv::encode_set(all[0], "a", "1", {.want_old = true, .expiry = {kv::Expiry::Kind::in, 100}});
  kv::encode_erase(all[1], keys);
  kv::encode_append(all[2], "a", "x", 100);
  kv::encode_increment(all[3], "a", -3);
  kv::encode_increment_float(all[4], "a", "1.5");
  kv::encode_set_range(all[5], "a", 7, "xyz", 100);
  kv::encode_set_many(all[6], pairs, false);
  kv::encode_set_many(all[7], pairs, true);
  kv::encode_get_and_erase(all[8], "a");
  kv::encode_clear(all[9]);
  kv::encode_publish(all[10], kv::ChannelKind::plain, "c", "message");
  kv::encode_expire(all[11], "a", {kv::Expiry::Kind::at, 50}, {.if_none = true});
  kv::encode_get_and_expire(all[12], "a", {kv::Expiry::Kind::in, 5});
  kv::encode_persist(all[13], "a");
  kv::encode_rename(all[14], "a", "b", false);
  kv::encode_copy(all[15], "a", "b", true);
  kv::encode_once(all[16], {"session", 1, 1000}, all[3]);
  const kv::LimitChange limits[] = {{kv::LimitField::max_entries, 1}, {kv::LimitField::policy, 1}};
  kv::encode_set_limits(all[17], limits, false);
  kv::encode_touch(all[18], keys);
  const kv::TransactionCondition condition{"b", 0};
  const kv::TransactionItem items[] = {{false, all[0]}, {true, "read"}, {false, all[3]}};
  std::string transaction;  // Apart: the items look into the others.
  kv::encode_transaction(transaction, {&condition, 1}, items);
  all.push_back(transaction);
  return all;
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  std::string batch;
  replica::begin_batch(batch);
  for (const std::string& operation : operations()) {
    all.push_back(
        InputWriter().byte(7).some(operation).byte(0).below(60).byte(7).some(operation).bytes());
    replica::add_command(batch, operation);
  }
  replica::stamp_batch(batch, {1000});
  all.push_back(InputWriter().byte(7).some(batch.substr(0, 200)).bytes());
  base::Random random(1);
  for (int i = 0; i < 30; ++i) {  // What the encoders are given by chance.
    InputWriter writer;
    for (int n = 0; n < 120; ++n) writer.byte(static_cast<std::uint8_t>(random.next() >> 13));
    all.push_back(writer.bytes());
  }
  return all;
}

}  // namespace

const Target commands{"commands", run, seeds};

}  // namespace rabia::fuzz
