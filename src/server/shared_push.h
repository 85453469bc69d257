// What is pushed to many sessions at once.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "resp/writer.h"
#include "server/buffer_pool.h"
#include "server/session.h"

namespace rabia::server {

// One push, written once for each version of the protocol in which somebody takes it. `Write`
// (resp::ReplyWriter&) writes the whole of it. Core thread only.
template <typename Write>
class SharedPush {
 public:
  SharedPush(BufferPool& buffers, Write write) : buffers_(buffers), write_(std::move(write)) {}
  ~SharedPush() {
    for (std::string& bytes : bytes_) {
      if (!bytes.empty()) buffers_.give_back(std::move(bytes));
    }
  }
  SharedPush(const SharedPush&) = delete;
  SharedPush& operator=(const SharedPush&) = delete;

  void send(Session& session) {
    const resp::Protocol protocol = session.client().protocol;
    std::string& bytes = bytes_[protocol == resp::Protocol::resp2 ? 0 : 1];
    if (bytes.empty()) {
      bytes = buffers_.take();
      resp::ReplyWriter writer(bytes, protocol);
      write_(writer);
    }
    session.push(bytes);
  }

 private:
  BufferPool& buffers_;
  Write write_;
  std::array<std::string, 2> bytes_;
};

}  // namespace rabia::server
