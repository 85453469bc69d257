// Texts to values and back: the parsers and printers that the rows of the table are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/log.h"
#include "kv/limits.h"
#include "rabia/result.h"
#include "replica/replica.h"
#include "storage/wal.h"

namespace rabia::apps {

// Decimal digits, and nothing else.
Result<std::uint64_t> parse_number(std::string_view text);
// Decimal digits, with KiB, MiB, GiB, TiB or PiB behind them or not; or with k, kb, m, mb, g or gb
// in any case, which mean what they mean to Redis: 1k is 1000, 1kb is 1024.
Result<std::uint64_t> parse_byte_count(std::string_view text);
// The same again, in the largest unit without a fraction: "64KiB".
[[nodiscard]] std::string print_byte_count(std::uint64_t bytes);
// "true" or "false"; Redis's "yes" and "no" too.
Result<bool> parse_boolean(std::string_view text);
// As io::parse_log_level(), and Redis's "verbose" and "notice".
Result<io::Level> parse_log_level(std::string_view text);
Result<Durability> parse_durability(std::string_view text);
Result<Protocol> parse_protocol(std::string_view text);
Result<kv::EvictionPolicy> parse_eviction_policy(std::string_view text);
[[nodiscard]] std::string_view name_of(Durability durability);
// "ID=HOST:PORT".
Result<replica::Member> parse_member(std::string_view text);
[[nodiscard]] std::string print_member(const replica::Member& member);
// Up to cluster_members_max of them, separated by spaces or commas; printed with spaces.
Result<std::vector<replica::Member>> parse_members(std::string_view text);
[[nodiscard]] std::string print_members(const std::vector<replica::Member>& members);

// How many single-character edits turn one text into the other (Levenshtein's distance). Takes time
// and memory in proportion to the product and to the length of `b`: for short texts.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace rabia::apps
