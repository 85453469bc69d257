#include "rabia_bench/content.h"

#include <charconv>
#include <cstring>

namespace rabia::bench {
namespace {

// Values begin anywhere in so many random letters: they differ, and do not pack well.
constexpr std::size_t value_offsets = 64 * 1024;
constexpr std::string_view letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

}  // namespace

Content::Content(const Workload& workload, std::uint64_t seed, std::uint64_t first_key,
                 std::uint64_t key_step)
    : workload_(workload),
      random_(seed),
      next_sequential_(first_key),
      key_step_(key_step),
      key_template_(workload.key_bytes, '0') {
  if (workload.distribution.kind == Distribution::Kind::zipf) {
    zipf_.emplace(workload.keys, workload.distribution.exponent);
  }
  for (const Operation& each : workload.mix) weights_ += each.weight;
  bytes_.resize(value_offsets + workload.value_bytes.largest);
  for (char& each : bytes_) each = letters[random_.below(letters.size())];
}

std::uint32_t Content::next_operation() {
  const auto& mix = workload_.mix;
  if (mix.size() == 1) return 0;
  std::uint64_t drawn = random_.below(weights_);
  std::uint32_t place = 0;
  while (drawn >= mix[place].weight) drawn -= mix[place++].weight;
  return place;
}

std::uint64_t Content::next_number() {
  switch (workload_.distribution.kind) {
    case Distribution::Kind::zipf:
      return zipf_->next(random_);
    case Distribution::Kind::sequential: {
      const std::uint64_t number = next_sequential_ % workload_.keys;
      next_sequential_ += key_step_;
      return number;
    }
    default:
      return random_.below(workload_.keys);
  }
}

void Content::append_key(std::string& out, char prefix) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, next_number()).ptr;
  const auto digits = static_cast<std::size_t>(end - text);
  out += key_template_;
  char* const behind = out.data() + out.size();
  std::memcpy(behind - digits, text, digits);
  *(behind - workload_.key_bytes) = prefix;
}

std::string_view Content::next_value() {
  const auto [smallest, largest] = workload_.value_bytes;
  std::uint64_t length = smallest;
  if (largest > smallest) length += random_.below(largest - smallest + 1);
  return std::string_view(bytes_).substr(random_.below(value_offsets), length);
}

}  // namespace rabia::bench
