// operator new in the place of the library's, to be counted.
#include "bench/micro/account.h"

#include <cstdlib>
#include <new>

namespace {

std::uint64_t made = 0;

void* counted(void* memory) {
  ++made;
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

namespace rabia::micro {

std::uint64_t allocations() {
  return made;
}

}  // namespace rabia::micro

// The other forms of new and delete come to these by themselves.
void* operator new(std::size_t bytes) {
  return counted(std::malloc(bytes));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto boundary = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(boundary, (bytes + boundary - 1) / boundary * boundary));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
