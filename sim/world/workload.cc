#include "sim/world/workload.h"

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

Arguments Workload::read_all(const ClientsPlan& plan) {
  Arguments args{"MGET"};
  for (std::size_t i = 0; i < plan.keys; ++i) {
    args.push_back("k" + std::to_string(i));
    args.push_back("n" + std::to_string(i));
  }
  return args;
}

}  // namespace rabia::sim
