#include "sim/explore/state_table.h"

#include "base/check.h"

namespace rabia::sim::explore {

StateTable::StateTable() : places_(1024, none) {}

bool StateTable::add(Key key, Index found_from) {
  const std::size_t place = place_of(key);
  if (places_[place] != none) return false;
  RABIA_CHECK(keys_.size() < none);
  places_[place] = size();
  keys_.push_back(key);
  found_from_.push_back(found_from);
  if (keys_.size() * 3 > places_.size() * 2) grow();
  return true;
}

std::size_t StateTable::place_of(Key key) const {
  const std::size_t mask = places_.size() - 1;
  std::size_t place = mixed(key.low ^ mixed(key.high)) & mask;
  while (places_[place] != none && keys_[places_[place]] != key) place = (place + 1) & mask;
  return place;
}

void StateTable::grow() {
  places_.assign(places_.size() * 2, none);
  for (Index index = 0; index < size(); ++index) places_[place_of(keys_[index])] = index;
}

}  // namespace rabia::sim::explore
