#include "transport/handshake.h"

#include "base/codec.h"

namespace rabia::transport {
namespace {

// Line ends and a zero: a terminal, a text protocol, or a proxy that rewrites text fails at once.
constexpr std::string_view magic("RABIA\r\n\0", 8);
static_assert(magic.size() + sizeof format_version == preamble_bytes);

std::string member(ReplicaId id) {
  return "member " + std::to_string(id.value);
}

}  // namespace

std::string preamble() {
  std::string out(magic);
  base::Encoder(out).fixed(format_version);
  return out;
}

Preamble check_preamble(std::string_view seen) {
  if (!magic.starts_with(seen.substr(0, magic.size()))) return Preamble::not_ours;
  if (seen.size() < preamble_bytes) return Preamble::incomplete;
  base::Decoder version(seen.substr(magic.size()));
  return version.fixed<std::uint16_t>() == format_version ? Preamble::good
                                                          : Preamble::other_version;
}

std::string encode(const Hello& hello) {
  std::string out;
  base::Encoder encoder(out);
  encoder.bytes(hello.cluster_id);
  encoder.fixed(hello.sender.value);
  encoder.fixed(hello.receiver.value);
  encoder.fixed(hello.incarnation);
  encoder.fixed(hello.life);
  return out;
}

Result<Hello> decode_hello(std::string_view payload) {
  base::Decoder decoder(payload);
  Hello hello;
  hello.cluster_id = decoder.bytes();
  hello.sender = {decoder.fixed<std::uint16_t>()};
  hello.receiver = {decoder.fixed<std::uint16_t>()};
  hello.incarnation = decoder.fixed<std::uint64_t>();
  hello.life = decoder.fixed<std::uint64_t>();
  const bool in_range =
      is_valid_cluster_id(hello.cluster_id) && hello.sender.value != 0 && hello.receiver.value != 0;
  if (!decoder.complete() || !in_range) return {Code::invalid_argument, "malformed hello"};
  return hello;
}

std::optional<std::string> reason_to_refuse(const Hello& ours, const Hello& theirs) {
  if (theirs.cluster_id != ours.cluster_id) {
    return "other cluster: \"" + theirs.cluster_id + "\", here it is \"" + ours.cluster_id + "\"";
  }
  if (theirs.life == ours.life) return "a connection of " + member(ours.sender) + " to itself";
  if (theirs.receiver != ours.sender) {
    return member(theirs.receiver) + " was expected here, this is " + member(ours.sender);
  }
  if (theirs.sender == ours.sender) {
    return "two processes say that they are " + member(ours.sender);
  }
  if (theirs.incarnation != ours.incarnation && theirs.incarnation != 0 && ours.incarnation != 0) {
    return "other incarnation of the cluster: " + std::to_string(theirs.incarnation) +
           ", here it is " + std::to_string(ours.incarnation);
  }
  return std::nullopt;
}

}  // namespace rabia::transport
