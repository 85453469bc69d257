#include "kv/kept_replies.h"

#include <algorithm>

#include "base/codec.h"

namespace rabia::kv {
namespace {

constexpr std::uint64_t forgotten_by_a_batch = 1'000;

std::string key_of(std::string_view session, std::uint64_t number) {
  std::string key;
  base::Encoder encode(key);
  encode.varint(number);
  encode.raw(session);
  return key;
}

}  // namespace

std::optional<std::string_view> KeptReplies::find(std::string_view session,
                                                  std::uint64_t number) const {
  return store_.get(key_of(session, number));
}

void KeptReplies::keep(std::string_view session, std::uint64_t number, std::string_view reply,
                       std::uint64_t milliseconds) {
  const std::uint64_t deadline =
      store_.clock() + std::clamp<std::uint64_t>(milliseconds, 1, std::uint64_t{1} << 40);
  store_.set(key_of(session, number), reply, deadline);
  while (store_.keys_with_deadline() > 1 &&
         (store_.size() > replies_max || store_.data_bytes() > bytes_max)) {
    store_.evict_soonest();
  }
}

void KeptReplies::advance_clock(std::uint64_t to) {
  store_.advance_clock(to);
  store_.expire(forgotten_by_a_batch);
}

}  // namespace rabia::kv
