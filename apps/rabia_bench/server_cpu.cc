#include "rabia_bench/server_cpu.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace rabia::bench {
namespace {

// Fields of /proc/PID/stat behind the name: state is the first, utime the 12th, stime the 13th.
constexpr int user_field = 12;
constexpr int system_field = 13;

double seconds_in(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::optional<long> ticks_in_stat(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  long ticks = 0;
  for (int field = 1; field <= system_field; ++field) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (field < user_field) continue;
    long value = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), value).ec != std::errc()) {
      return std::nullopt;
    }
    ticks += value;
  }
  return ticks;
}

Result<double> cpu_seconds_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto ticks = ticks_in_stat(text);
  if (!ticks) {
    return {Code::not_found, "--pids: there is no process " + std::to_string(pid)};
  }
  return static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_in(usage.ru_utime) + seconds_in(usage.ru_stime);
}

}  // namespace rabia::bench
