// RABIA_CHECK(condition): our own bug if false. On in every build; says where, then aborts.
// Bad bytes from a disk, a peer or a client are never checked with this: they are a Status.
#pragma once

namespace rabia::base {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace rabia::base

#define RABIA_CHECK(condition)                                     \
  do {                                                             \
    if (!(condition)) [[unlikely]]                                 \
      ::rabia::base::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
