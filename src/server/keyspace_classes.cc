#include "server/keyspace_classes.h"

#include <algorithm>
#include <utility>

namespace rabia::server {
namespace {

// In the order of print_keyspace_classes().
constexpr std::pair<char, KeyspaceClasses> letters[] = {
    {'A', keyspace::all},        {'g', keyspace::generic},  {'$', keyspace::string},
    {'l', keyspace::list},       {'s', keyspace::set},      {'h', keyspace::hash},
    {'z', keyspace::sorted_set}, {'x', keyspace::expired},  {'e', keyspace::evicted},
    {'t', keyspace::stream},     {'d', keyspace::module},   {'n', keyspace::new_key},
    {'K', keyspace::by_key},     {'E', keyspace::by_event}, {'m', keyspace::key_miss},
};

}  // namespace

std::optional<KeyspaceClasses> parse_keyspace_classes(std::string_view text) {
  KeyspaceClasses classes = 0;
  for (const char letter : text) {
    const auto* const found =
        std::ranges::find(letters, letter, &std::pair<char, KeyspaceClasses>::first);
    if (found == std::end(letters)) return std::nullopt;
    classes |= found->second;
  }
  return classes;
}

std::string print_keyspace_classes(KeyspaceClasses classes) {
  std::string text;
  for (const auto& [letter, bits] : letters) {
    if ((classes & bits) != bits) continue;
    text += letter;
    classes &= ~bits;  // A stands for what is in it.
  }
  return text;
}

}  // namespace rabia::server
