#include "embedded/state_codec.h"

#include <algorithm>

#include "base/codec.h"
#include "base/hash.h"
#include "kv/operations.h"

namespace rabia::embedded {
namespace {

constexpr std::string_view magic = "RABIAKVC";
constexpr std::uint32_t format_version = 1;

}  // namespace

std::string serialize(const kv::Store& store) {
  std::vector<StoredKey> keys;
  store.for_each([&](std::string_view key, std::string_view value) {
    if (const auto item = store.find(key)) keys.push_back({key, value, item->deadline});
  });
  std::ranges::sort(keys, {}, &StoredKey::key);
  std::string out;
  base::Encoder encode(out);
  encode.raw(magic);
  encode.fixed(format_version);
  encode.varint(keys.size());
  for (const StoredKey& each : keys) {
    encode.varint(each.deadline);
    encode.bytes(each.key);
    encode.bytes(each.value);
  }
  encode.fixed(base::hash64(out));
  return out;
}

Result<std::vector<StoredKey>> parse_state(std::string_view bytes) {
  const Status refused(Code::corrupted, "not the state of a store, or not all of it");
  if (bytes.size() < sizeof(std::uint64_t)) return refused;
  const std::string_view content = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
  base::Decoder checksum(bytes.substr(content.size()));
  if (checksum.fixed<std::uint64_t>() != base::hash64(content)) return refused;
  base::Decoder in(content);
  if (in.raw(magic.size()) != magic || in.fixed<std::uint32_t>() != format_version) return refused;
  std::vector<StoredKey> keys;
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    StoredKey each;
    each.deadline = in.varint();
    each.key = in.bytes();
    each.value = in.bytes();
    keys.push_back(each);
  }
  if (!in.complete()) return refused;
  return keys;
}

std::string encode_replacement(const std::vector<StoredKey>& keys) {
  std::vector<kv::KeyValue> lasting;
  std::vector<std::string> encoded(2);
  kv::encode_clear(encoded[0]);
  for (const StoredKey& each : keys) {
    if (each.deadline == kv::no_deadline) {
      lasting.push_back({each.key, each.value});
      continue;
    }
    kv::SetOptions options;
    options.expiry = {kv::Expiry::Kind::at, static_cast<std::int64_t>(each.deadline)};
    kv::encode_set(encoded.emplace_back(), each.key, each.value, options);
  }
  kv::encode_set_many(encoded[1], lasting, false);
  if (lasting.empty()) encoded.erase(encoded.begin() + 1);
  std::vector<kv::TransactionItem> items;
  items.reserve(encoded.size());
  for (const std::string& each : encoded) items.push_back({false, each});
  std::string out;
  kv::encode_transaction(out, {}, items);
  return out;
}

}  // namespace rabia::embedded
