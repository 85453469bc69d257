#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace rabia::base {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "rabia: bug: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace rabia::base
