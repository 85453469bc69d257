// The server as a client of its replica: what it writes into the log on its own behalf.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "rabia/result.h"
#include "replica/replica.h"

namespace rabia::server {

// Core thread only.
class OwnClient final : public replica::Client {
 public:
  // `replica` outlives it.
  explicit OwnClient(replica::Replica& replica)
      : replica_(replica), id_(replica.add_client(*this)) {}
  ~OwnClient() override { replica_.remove_client(id_); }
  OwnClient(const OwnClient&) = delete;
  OwnClient& operator=(const OwnClient&) = delete;

  // What the operation was answered (kv/result.h), valid during the call; Code::unavailable when it
  // was not executed, unknown_outcome when it may have been or be.
  using Done = std::function<void(const Result<std::string_view>& reply)>;
  // Operations are executed in the order in which they were given. `done` is called once, later,
  // and not when this is destroyed before.
  void submit(std::string operation, Done done);

  void on_executed(std::uint64_t token, std::string_view reply) override;
  void on_readable(std::uint64_t /*token*/, std::string_view /*operation*/) override {}
  void on_failed(std::uint64_t token, replica::Failure failure) override;
  void on_accepting() override { submit_waiting(); }
  void on_step_end() override {}

 private:
  void submit_waiting();
  void answer(const Result<std::string_view>& reply);

  struct Item {
    std::string operation;  // Until it is submitted.
    Done done;
  };
  replica::Replica& replica_;
  replica::ClientId id_;
  std::deque<Item> waiting_;   // Answered from the front.
  std::size_t submitted_ = 0;  // Of these.
};

}  // namespace rabia::server
