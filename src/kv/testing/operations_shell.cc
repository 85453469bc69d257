// Applies operations given as lines of words and prints each answer and the key's value afterwards;
// differential.py compares both with a redis-server's. Bytes are written in hexadecimal, "-" for
// none.
//
//   SET key value (ALWAYS|NX|XX) (GET|-)     DEL key…            APPEND key bytes limit
//   INCRBY key delta                         INCRBYFLOAT key delta
//   SETRANGE key offset bytes limit          MSET key value …    MSETNX key value …
//   GETDEL key                               FLUSHALL            DUMP key
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "kv/operations.h"
#include "kv/reply_text.h"

namespace {

using namespace rabia::kv;  // NOLINT: a program of one page.

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; text != "-" && i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto number = static_cast<unsigned char>(byte);
    text.push_back(digits[number >> 4]);
    text.push_back(digits[number & 15]);
  }
  return text;
}

SetOptions set_options(const std::vector<std::string>& words) {
  SetOptions options;
  if (words[3] == "NX") options.condition = SetCondition::if_absent;
  if (words[3] == "XX") options.condition = SetCondition::if_present;
  options.want_old = words[4] == "GET";
  return options;
}

void encode_lists(std::string& out, const std::vector<std::string>& words) {
  std::vector<std::string> bytes;
  for (std::size_t i = 1; i < words.size(); ++i) bytes.push_back(from_hex(words[i]));
  if (words[0] == "DEL") {
    return encode_erase(out, std::vector<std::string_view>(bytes.begin(), bytes.end()));
  }
  std::vector<KeyValue> pairs;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) pairs.push_back({bytes[i], bytes[i + 1]});
  encode_set_many(out, pairs, words[0] == "MSETNX");
}

std::string encode(const std::vector<std::string>& words) {
  std::string out;
  const std::string& name = words[0];
  const std::string key = words.size() > 1 ? from_hex(words[1]) : "";
  if (name == "SET") encode_set(out, key, from_hex(words[2]), set_options(words));
  if (name == "APPEND") encode_append(out, key, from_hex(words[2]), std::stoull(words[3]));
  if (name == "INCRBY") encode_increment(out, key, std::stoll(words[2]));
  if (name == "INCRBYFLOAT") encode_increment_float(out, key, from_hex(words[2]));
  if (name == "SETRANGE") {
    encode_set_range(out, key, std::stoull(words[2]), from_hex(words[3]), std::stoull(words[4]));
  }
  if (name == "DEL" || name == "MSET" || name == "MSETNX") encode_lists(out, words);
  if (name == "GETDEL") encode_get_and_erase(out, key);
  if (name == "FLUSHALL") encode_clear(out);
  return out;
}

}  // namespace

int main() {
  StoreMachine machine;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words[0] == "DUMP") {
      const auto value = machine.store().get(from_hex(words[1]));
      std::cout << (value ? "=" + to_hex(*value) : "(nil)") << std::endl;
      continue;
    }
    std::string reply;
    machine.apply({}, encode(words), &reply);
    std::cout << to_hex(reply_text(reply)) << std::endl;
  }
  return 0;
}
