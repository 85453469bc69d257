// Immutable bytes with shared ownership: a batch on its way to several peers, the log and the
// store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rabia::base {

// Cheap to copy. Thread-safe like std::shared_ptr: the bytes never change.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(std::string bytes)
      : owner_(std::make_shared<const std::string>(std::move(bytes))) {}

  [[nodiscard]] std::string_view view() const { return owner_ ? *owner_ : std::string_view{}; }
  [[nodiscard]] std::size_t size() const { return owner_ ? owner_->size() : 0; }
  // False for a default-constructed object only: empty bytes are bytes.
  [[nodiscard]] explicit operator bool() const { return owner_ != nullptr; }

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) {
    return a.view() == b.view();
  }

 private:
  std::shared_ptr<const std::string> owner_;
};

}  // namespace rabia::base
