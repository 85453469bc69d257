// The encoders of operations.h. docs/formats/command.md.
#include "base/codec.h"
#include "kv/operations.h"
#include "kv/zigzag.h"

namespace rabia::kv {
namespace {

base::Encoder begin(std::string& out, OperationCode operation) {
  base::Encoder encoder(out);
  encoder.fixed(static_cast<std::uint8_t>(operation));
  return encoder;
}

void put(base::Encoder& encoder, Expiry expiry) {
  encoder.fixed(static_cast<std::uint8_t>(expiry.kind));
  const bool has_time = expiry.kind == Expiry::Kind::in || expiry.kind == Expiry::Kind::at;
  if (has_time) encoder.varint(zigzag(expiry.milliseconds));
}

void put(base::Encoder encoder, std::span<const std::string_view> keys) {
  encoder.varint(keys.size());
  for (const std::string_view key : keys) encoder.bytes(key);
}

}  // namespace

void encode_set(std::string& out, std::string_view key, std::string_view value,
                SetOptions options) {
  base::Encoder encoder = begin(out, OperationCode::set);
  encoder.fixed(static_cast<std::uint8_t>(options.condition));
  encoder.fixed(static_cast<std::uint8_t>(options.want_old ? 1 : 0));
  put(encoder, options.expiry);
  encoder.bytes(key);
  encoder.bytes(value);
}

void encode_erase(std::string& out, std::span<const std::string_view> keys) {
  put(begin(out, OperationCode::erase), keys);
}

void encode_append(std::string& out, std::string_view key, std::string_view bytes,
                   std::uint64_t value_bytes_max) {
  base::Encoder encoder = begin(out, OperationCode::append);
  encoder.bytes(key);
  encoder.bytes(bytes);
  encoder.varint(value_bytes_max);
}

void encode_increment(std::string& out, std::string_view key, std::int64_t delta) {
  base::Encoder encoder = begin(out, OperationCode::increment);
  encoder.bytes(key);
  encoder.varint(zigzag(delta));
}

void encode_increment_float(std::string& out, std::string_view key, std::string_view delta) {
  base::Encoder encoder = begin(out, OperationCode::increment_float);
  encoder.bytes(key);
  encoder.bytes(delta);
}

void encode_set_range(std::string& out, std::string_view key, std::uint64_t offset,
                      std::string_view bytes, std::uint64_t value_bytes_max) {
  base::Encoder encoder = begin(out, OperationCode::set_range);
  encoder.bytes(key);
  encoder.varint(offset);
  encoder.bytes(bytes);
  encoder.varint(value_bytes_max);
}

void encode_set_many(std::string& out, std::span<const KeyValue> pairs, bool only_if_none_exists) {
  base::Encoder encoder =
      begin(out, only_if_none_exists ? OperationCode::set_many_if_none : OperationCode::set_many);
  encoder.varint(pairs.size());
  for (const KeyValue& pair : pairs) {
    encoder.bytes(pair.key);
    encoder.bytes(pair.value);
  }
}

void encode_get_and_erase(std::string& out, std::string_view key) {
  begin(out, OperationCode::get_and_erase).bytes(key);
}

void encode_clear(std::string& out) {
  begin(out, OperationCode::clear);
}

void encode_expire(std::string& out, std::string_view key, Expiry expiry,
                   ExpireConditions conditions) {
  base::Encoder encoder = begin(out, OperationCode::expire);
  encoder.bytes(key);
  put(encoder, expiry);
  const int bits = (conditions.if_none ? 1 : 0) | (conditions.if_any ? 2 : 0) |
                   (conditions.if_greater ? 4 : 0) | (conditions.if_less ? 8 : 0);
  encoder.fixed(static_cast<std::uint8_t>(bits));
}

void encode_get_and_expire(std::string& out, std::string_view key, Expiry expiry) {
  base::Encoder encoder = begin(out, OperationCode::get_and_expire);
  encoder.bytes(key);
  put(encoder, expiry);
}

void encode_persist(std::string& out, std::string_view key) {
  begin(out, OperationCode::persist).bytes(key);
}

void encode_rename(std::string& out, std::string_view from, std::string_view to, bool if_absent) {
  base::Encoder encoder = begin(out, OperationCode::rename);
  encoder.bytes(from);
  encoder.bytes(to);
  encoder.fixed(static_cast<std::uint8_t>(if_absent ? 1 : 0));
}

void encode_copy(std::string& out, std::string_view from, std::string_view to, bool replace) {
  base::Encoder encoder = begin(out, OperationCode::copy);
  encoder.bytes(from);
  encoder.bytes(to);
  encoder.fixed(static_cast<std::uint8_t>(replace ? 1 : 0));
}

void encode_once(std::string& out, const OnceName& name, std::string_view operation) {
  base::Encoder encoder = begin(out, OperationCode::once);
  encoder.bytes(name.session);
  encoder.varint(name.number);
  encoder.varint(name.keep_milliseconds);
  encoder.bytes(operation);
}

void encode_set_limits(std::string& out, std::span<const LimitChange> changes, bool only_unset) {
  base::Encoder encoder = begin(out, OperationCode::set_limits);
  encoder.fixed(static_cast<std::uint8_t>(only_unset ? 1 : 0));
  encoder.varint(changes.size());
  for (const LimitChange& change : changes) {
    encoder.fixed(static_cast<std::uint8_t>(change.field));
    encoder.varint(change.value);
  }
}

void encode_touch(std::string& out, std::span<const std::string_view> keys) {
  put(begin(out, OperationCode::touch), keys);
}

void encode_publish(std::string& out, ChannelKind kind, std::string_view channel,
                    std::string_view payload) {
  base::Encoder encoder = begin(out, OperationCode::publish);
  encoder.fixed(static_cast<std::uint8_t>(kind));
  encoder.bytes(channel);
  encoder.bytes(payload);
}

void encode_transaction(std::string& out, std::span<const TransactionCondition> conditions,
                        std::span<const TransactionItem> items) {
  base::Encoder encoder = begin(out, OperationCode::transaction);
  encoder.varint(conditions.size());
  for (const TransactionCondition& condition : conditions) {
    encoder.bytes(condition.key);
    encoder.varint(condition.revision);
  }
  encoder.varint(items.size());
  for (const TransactionItem& item : items) {
    encoder.fixed(static_cast<std::uint8_t>(item.is_read ? 1 : 0));
    encoder.bytes(item.bytes);
  }
}

}  // namespace rabia::kv
