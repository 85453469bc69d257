#include "sim/store/workload.h"

#include <charconv>
#include <utility>

namespace rabia::sim {

using history::Arguments;

std::string Workload::text_key() {
  return "k" + std::to_string(random_.below(plan_.keys));
}

std::string Workload::number_key() {
  return "n" + std::to_string(random_.below(plan_.keys));
}

std::string Workload::fresh_value() {
  std::string value = "c" + std::to_string(client_) + "." + std::to_string(++values_) + ";";
  if (random_.chance(plan_.large_percent)) value.append(random_.below(20'000), '.');
  return value;
}

Arguments Workload::next() {
  if (random_.below(1000) < plan_.clear_permille) {
    return {random_.chance(50) ? "FLUSHALL" : "DBSIZE"};
  }
  if (plan_.transaction_percent > 0 && random_.chance(plan_.transaction_percent)) {
    return transaction();
  }
  if (plan_.expiring_percent > 0 && random_.chance(plan_.expiring_percent)) return expiring();
  const bool many = random_.chance(plan_.many_keys_percent);
  if (random_.chance(plan_.read_percent)) return many ? read_of_many() : read();
  return many ? write_of_many() : write();
}

Arguments Workload::read() {
  switch (random_.below(8)) {
    case 0:
      return {"EXISTS", text_key()};
    case 1:
      return {"STRLEN", text_key()};
    case 2:
    case 3:
      return {"GET", number_key()};
    default:
      return {"GET", text_key()};
  }
}

Arguments Workload::read_of_many() {
  if (random_.chance(20)) return {"EXISTS", text_key(), number_key(), text_key()};
  return {"MGET", text_key(), text_key(), number_key()};
}

Arguments Workload::write() {
  switch (random_.below(12)) {
    case 0:
      return {"DEL", text_key()};
    case 1:
      return {"APPEND", text_key(), fresh_value()};
    case 2:
    case 3:
    case 4:  // All by one: different amounts of unknown outcome make a history hard to judge.
      return {"INCR", number_key()};
    case 5:
      return random_.chance(50) ? Arguments{"DECR", number_key()}
                                : Arguments{"INCRBY", number_key(), "100"};
    case 6:
      return {"GETDEL", random_.chance(50) ? text_key() : number_key()};
    case 7:
      return {"SETNX", text_key(), fresh_value()};
    case 8:
      return {"GETSET", text_key(), fresh_value()};
    default:
      return set();
  }
}

Arguments Workload::set() {
  Arguments args{"SET", text_key(), fresh_value()};
  if (random_.chance(25)) args.emplace_back(random_.chance(50) ? "NX" : "XX");
  if (random_.chance(25)) args.emplace_back("GET");
  return args;
}

std::string Workload::some_time() {
  return std::to_string(1 + random_.below(plan_.expires_in_ms_max));
}

Arguments Workload::expiring() {
  const std::string key = "e" + std::to_string(random_.below(plan_.keys));
  switch (random_.below(12)) {
    case 0:
      return {"PERSIST", key};
    case 1:
      return {"PEXPIRE", key, some_time()};
    case 2:
      return {"APPEND", key, fresh_value()};
    case 3:
      return {"SET", key, fresh_value()};
    case 4:
      return {"SET", text_key(), fresh_value(), "PX", some_time()};
    case 5:
      return {random_.chance(50) ? "DEL" : "GETDEL", key};
    case 6:
    case 7:
    case 8:
      return {"GET", key};
    default:
      return {"SET", key, fresh_value(), "PX", some_time()};
  }
}

Arguments Workload::write_of_many() {
  switch (random_.below(3)) {
    case 0:
      return {"DEL", text_key(), number_key()};
    case 1:
      return {"MSETNX", text_key(), fresh_value(), text_key(), fresh_value()};
    default:
      return {"MSET", text_key(), fresh_value(), text_key(), fresh_value()};
  }
}

Arguments Workload::transaction() {
  const std::string text = text_key();
  const std::string number = number_key();
  const bool only_reads = random_.chance(plan_.read_percent / 4);
  const std::size_t size = 2 + random_.below(3);
  while (commands_.size() < size) {
    if (only_reads || random_.chance(40)) {
      add_read(text, number);
    } else {
      add_write(text, number);
    }
  }
  return history::arguments_of({.watched = {}, .commands = std::exchange(commands_, {})});
}

void Workload::add_read(const std::string& text, const std::string& number) {
  switch (random_.below(6)) {
    case 0:
      return commands_.push_back({"MGET", text, number});
    case 1:
      return commands_.push_back({"GET", number});
    case 2:
      return commands_.push_back({random_.chance(50) ? "STRLEN" : "EXISTS", text});
    default:
      return commands_.push_back({"GET", text});
  }
}

void Workload::add_write(const std::string& text, const std::string& number) {
  switch (random_.below(10)) {
    case 0:
      return commands_.push_back({"APPEND", text, fresh_value()});
    case 1:
      return commands_.push_back({random_.chance(50) ? "DEL" : "GETDEL", text});
    case 2:
      return commands_.push_back({"SET", text_key(), fresh_value()});
    case 3:  // The second fails, whatever there was: so it never makes a number of a text.
      commands_.push_back({"SET", text, fresh_value()});
      return commands_.push_back({"INCR", text});
    case 4:
    case 5:
    case 6:
      return commands_.push_back({random_.chance(80) ? "INCR" : "DECR", number});
    default:
      return commands_.push_back({"SET", text, fresh_value()});
  }
}

std::string Workload::key_to_watch() {
  return random_.chance(40) ? std::string(counter_key) : text_key();
}

Arguments Workload::guarded(history::Transaction::Watched watched) {
  const std::string read = watched.value.value_or("");
  const bool counts = watched.key == counter_key;
  const std::string value = counts
                                ? std::to_string(counted(read) + 1) + "." + fresh_value()
                                : fresh_value() + "after " + read.substr(0, read.find(';')) + ";";
  const std::string number = number_key();
  if (random_.chance(30)) add_read(watched.key, number);
  commands_.push_back({"SET", watched.key, value});
  if (random_.chance(30)) add_read(watched.key, number);
  if (!counts && random_.chance(30)) add_write(watched.key, number);
  return history::arguments_of(
      {.watched = std::move(watched), .commands = std::exchange(commands_, {})});
}

std::uint64_t counted(std::string_view value) {
  std::uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

Arguments Workload::read_all(const ClientsPlan& plan) {
  Arguments args{"MGET"};
  for (std::size_t i = 0; i < plan.keys; ++i) {
    args.push_back("k" + std::to_string(i));
    args.push_back("n" + std::to_string(i));
  }
  if (plan.locking_percent > 0) args.emplace_back(counter_key);
  for (std::size_t i = 0; i < plan.keys && plan.expiring_percent > 0; ++i) {
    args.push_back("e" + std::to_string(i));
  }
  return args;
}

}  // namespace rabia::sim
