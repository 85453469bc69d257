// Runs every target on its seeds, and on many changes of each, without libFuzzer.
//
//   fuzz_corpus                  the test
//   fuzz_corpus --write DIR      writes the seeds to DIR/TARGET/N, for libFuzzer
//   fuzz_corpus TARGET FILE…     runs a target on files, as on one that libFuzzer has written
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "tests/fuzz/target.h"

namespace rabia::fuzz {

std::span<const Target* const> targets() {
  static constexpr std::array<const Target*, 7> all = {&resp,      &commands, &state,   &log,
                                                       &snapshots, &frames,   &messages};
  return all;
}

namespace {

constexpr int changes_of_a_seed = 40;

std::string changed(std::string bytes, base::Random& random) {
  for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
    const std::size_t at = random.below(bytes.size() + 1);
    switch (random.below(4)) {
      case 0:
        bytes.insert(at, 1 + random.below(8), static_cast<char>(random.next()));
        break;
      case 1:
        bytes.erase(at, random.below(9));
        break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random.next());
    }
  }
  return bytes;
}

void test() {
  base::Random random(1);
  for (const Target* target : targets()) {
    std::size_t inputs = 0;
    for (const std::string& seed : target->seeds()) {
      target->run(seed);
      ++inputs;
      for (int i = 0; i < changes_of_a_seed; ++i, ++inputs) target->run(changed(seed, random));
    }
    target->run({});
    std::printf("%s: %zu inputs\n", target->name, inputs);
    std::fflush(stdout);
  }
}

int write(const std::filesystem::path& to) {
  for (const Target* target : targets()) {
    std::filesystem::create_directories(to / target->name);
    std::size_t number = 0;
    for (const std::string& seed : target->seeds()) {
      std::ofstream(to / target->name / std::to_string(number++), std::ios::binary) << seed;
    }
  }
  return 0;
}

int run_files(std::string_view name, std::span<char*> paths) {
  const auto all = targets();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Target* target) { return target->name == name; });
  if (found == all.end()) {
    std::fprintf(stderr, "there is no target %s\n", std::string(name).c_str());
    return 2;
  }
  for (const char* path : paths) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s cannot be read\n", path);
      return 1;
    }
    (*found)->run(std::string(std::istreambuf_iterator<char>(file), {}));
    std::printf("%s: passed\n", path);
  }
  return 0;
}

}  // namespace
}  // namespace rabia::fuzz

int main(int count, char** words) {
  using namespace rabia::fuzz;
  if (count == 1) {
    test();
    return 0;
  }
  if (count == 3 && std::string_view(words[1]) == "--write") return write(words[2]);
  return run_files(words[1], std::span(words, static_cast<std::size_t>(count)).subspan(2));
}
