// What libFuzzer calls; one program for each target.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rabia::fuzz::RABIA_FUZZ_TARGET.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
