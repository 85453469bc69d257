// Why an operation of a store failed, by what its caller can do.
#pragma once

#include <string>
#include <utility>

#include "rabia/result.h"

namespace rabia::kv {

// A value, made of a Status that is not ok.
class StoreError {
 public:
  explicit StoreError(Status status) : status_(std::move(status)) {}

  [[nodiscard]] Code code() const { return status_.code(); }
  // What went wrong and what to do about it.
  [[nodiscard]] const std::string& message() const { return status_.message(); }

  // The same may succeed later as it is. After Code::unknown_outcome it may have succeeded already:
  // look first, unless doing it twice does no harm.
  [[nodiscard]] bool is_recoverable() const {
    return code() == Code::unavailable || code() == Code::unknown_outcome ||
           code() == Code::exhausted;
  }
  // Whoever asked must ask for something else.
  [[nodiscard]] bool is_client_error() const {
    return code() == Code::invalid_argument || code() == Code::not_found ||
           code() == Code::already_exists;
  }
  // Neither the store nor the cluster could do it: not the caller's fault.
  [[nodiscard]] bool is_server_error() const { return !is_client_error(); }

 private:
  Status status_;
};

}  // namespace rabia::kv
