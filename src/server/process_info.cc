#include "server/process_info.h"

#include <fstream>
#include <sstream>
#include <string>

namespace rabia::server {
namespace {

// Units of /proc/self/stat on Linux.
constexpr double ticks_per_second = 100;
constexpr std::uint64_t page_bytes = 4096;

}  // namespace

ProcessInfo read_process_info() {
  ProcessInfo info;
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return info;
  std::istringstream(line) >> info.process_id;
  // The second field, a name in parentheses, may hold spaces; state is the third.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string word;
  for (int field = 3; fields >> word; ++field) {
    if (field == 14) info.user_seconds = std::stod(word) / ticks_per_second;
    if (field == 15) info.system_seconds = std::stod(word) / ticks_per_second;
    if (field == 24) info.resident_bytes = std::stoull(word) * page_bytes;
  }
  return info;
}

}  // namespace rabia::server
