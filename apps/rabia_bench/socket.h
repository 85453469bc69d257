// A TCP connection to a server, for one thread's epoll.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "io/network.h"
#include "rabia/result.h"

namespace rabia::bench {

// Owns a file descriptor; -1: none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  void close();
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// Waits until it is connected. Then it does not block, and does not hold small writes back.
// Code::unavailable, with the address and what to do, when nobody answers there.
Result<Descriptor> connect_to(const io::Endpoint& endpoint);

// As many open files as the operating system lets this process have.
void raise_open_files();

}  // namespace rabia::bench
