#include "sim/world/prefixed_snapshot.h"

#include <algorithm>
#include <utility>

namespace rabia::sim {

bool PrefixedReader::read(std::size_t bytes_about, std::string& out) {
  if (prefix_.empty()) return rest_->read(bytes_about, out);
  out.append(std::exchange(prefix_, {}));
  return true;
}

Status PrefixedLoader::add(std::string_view bytes) {
  const std::size_t missing = std::min(prefix_bytes_ - prefix_.size(), bytes.size());
  prefix_.append(bytes.substr(0, missing));
  return rest_->add(bytes.substr(missing));
}

Status PrefixedLoader::finish() {
  if (prefix_.size() < prefix_bytes_) {
    return {Code::corrupted, "the first " + std::to_string(prefix_bytes_) + " bytes are missing"};
  }
  if (Status status = rest_->finish(); !status.ok()) return status;
  return loaded_(prefix_);
}

}  // namespace rabia::sim
