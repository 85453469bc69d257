// How two members make sure who the other is: docs/formats/frame.md. Pure bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rabia/ids.h"
#include "rabia/result.h"

namespace rabia::transport {

constexpr std::uint16_t format_version = 1;
constexpr std::size_t preamble_bytes = 10;
// No frame of a handshake has a larger payload.
constexpr std::size_t handshake_payload_bytes_max = 1024;
constexpr std::size_t reason_bytes_max = 512;

// The first bytes of either side: magic and format version.
[[nodiscard]] std::string preamble();

enum class Preamble : std::uint8_t { incomplete, good, not_ours, other_version };
// Judges the first bytes that arrived (at most preamble_bytes of them).
[[nodiscard]] Preamble check_preamble(std::string_view seen);

struct Hello {
  std::string cluster_id;  // is_valid_cluster_id().
  ReplicaId sender;
  ReplicaId receiver;             // Whom the sender believes to speak to.
  std::uint64_t incarnation = 0;  // 0: none yet.
  std::uint64_t life = 0;         // Random, of the sender's process.
};

[[nodiscard]] std::string encode(const Hello& hello);
[[nodiscard]] Result<Hello> decode_hello(std::string_view payload);

// Why a member that says `ours` will not speak to one that says `theirs`; empty when it will.
// Whether the sender is a member at all is for the caller to know.
[[nodiscard]] std::optional<std::string> reason_to_refuse(const Hello& ours, const Hello& theirs);

}  // namespace rabia::transport
