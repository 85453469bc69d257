#include "rabia/result.h"

namespace rabia {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::ok:
      return "ok";
    case Code::invalid_argument:
      return "invalid_argument";
    case Code::not_found:
      return "not_found";
    case Code::already_exists:
      return "already_exists";
    case Code::failed_precondition:
      return "failed_precondition";
    case Code::unavailable:
      return "unavailable";
    case Code::unknown_outcome:
      return "unknown_outcome";
    case Code::corrupted:
      return "corrupted";
    case Code::io_error:
      return "io_error";
    case Code::exhausted:
      return "exhausted";
  }
  return "unknown";
}

}  // namespace rabia
