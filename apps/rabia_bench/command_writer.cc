#include "rabia_bench/command_writer.h"

#include <charconv>

namespace rabia::bench {
namespace {

void append_length(std::string& out, char type, std::uint64_t length) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, length).ptr;
  out += type;
  out.append(text, static_cast<std::size_t>(end - text));
  out += "\r\n";
}

}  // namespace

CommandWriter::CommandWriter(const Workload& workload, std::uint64_t seed, std::uint64_t first_key,
                             std::uint64_t key_step)
    : workload_(workload), content_(workload, seed, first_key, key_step) {
  append_length(key_head_, '$', workload.key_bytes);
  const auto [smallest, largest] = workload.value_bytes;
  if (smallest == largest) append_length(value_head_, '$', smallest);
}

void CommandWriter::append_key(std::string& out, char prefix) {
  out += key_head_;
  content_.append_key(out, prefix);
  out += "\r\n";
}

void CommandWriter::append_value(std::string& out) {
  const std::string_view value = content_.next_value();
  if (value_head_.empty()) {
    append_length(out, '$', value.size());
  } else {
    out += value_head_;
  }
  out += value;
  out += "\r\n";
}

void CommandWriter::append_set(std::string& out) {
  out += "*3\r\n$3\r\nSET\r\n";
  append_key(out, 'k');
  append_value(out);
}

std::uint32_t CommandWriter::append(std::string& out) {
  const std::uint32_t place = content_.next_operation();
  const Operation& operation = workload_.mix[place];
  switch (operation.kind) {
    case Operation::Kind::set:
      append_set(out);
      break;
    case Operation::Kind::get:
      out += "*2\r\n$3\r\nGET\r\n";
      append_key(out, 'k');
      break;
    case Operation::Kind::incr:
      // Keys of their own: what SET writes is no number.
      out += "*2\r\n$4\r\nINCR\r\n";
      append_key(out, 'c');
      break;
    case Operation::Kind::mset:
      append_length(out, '*', 1 + 2ULL * operation.keys);
      out += "$4\r\nMSET\r\n";
      for (std::uint32_t i = 0; i < operation.keys; ++i) {
        append_key(out, 'k');
        append_value(out);
      }
      break;
    case Operation::Kind::multi:
      out += "*1\r\n$5\r\nMULTI\r\n";
      for (std::uint32_t i = 0; i < operation.keys; ++i) append_set(out);
      out += "*1\r\n$4\r\nEXEC\r\n";
      break;
  }
  return place;
}

std::string wait_command(std::uint32_t replicas) {
  const std::string number = std::to_string(replicas);
  return "*3\r\n$4\r\nWAIT\r\n$" + std::to_string(number.size()) + "\r\n" + number +
         "\r\n$1\r\n0\r\n";
}

}  // namespace rabia::bench
