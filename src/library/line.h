// What is submitted to a replica of the library, on its way through it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rabia/replica.h"
#include "replica/replica.h"

namespace rabia::library {

struct Item {
  std::string command;         // Of a write.
  std::function<void()> look;  // Of a read.
  rabia::Replica::Done done;
  std::optional<Status> refused{};  // It is not to be executed.

  // What it takes while it waits, about.
  [[nodiscard]] std::uint64_t bytes() const { return command.size() + sizeof(Item); }
};

// One of the replica's clients: its items are answered in order, and all that are undecided are in
// one batch. Core thread only.
class Line final : public replica::Client {
 public:
  // `waiting_bytes`: of what is not answered; any thread adds to it.
  Line(replica::Replica& replica, std::atomic<std::uint64_t>& waiting_bytes)
      : replica_(replica), waiting_bytes_(waiting_bytes), id_(replica.add_client(*this)) {}
  ~Line() override { replica_.remove_client(id_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void submit(Item item) {
    items_.push_back(std::move(item));
    submit_waiting();
  }
  // Answers what waits: the replica is gone, or will be.
  void fail_all() {
    while (!items_.empty()) answer(Status(Code::unavailable, "the replica was closed"));
  }

  void on_executed(std::uint64_t /*token*/, std::string_view reply) override {
    answer(std::string(reply));
  }
  void on_readable(std::uint64_t /*token*/, std::string_view /*operation*/) override {
    items_.front().look();
    answer(std::string());
  }
  void on_failed(std::uint64_t /*token*/, replica::Failure failure) override {
    if (failure == replica::Failure::outcome_unknown && !items_.front().look) {
      return answer(Status(Code::unknown_outcome,
                           "no quorum answered in time: the command may have been executed"));
    }
    answer(Status(Code::unavailable, "the cluster has no quorum: nothing was executed"));
  }
  void on_accepting() override { submit_waiting(); }
  void on_step_end() override {}

 private:
  void submit_waiting() {
    while (submitted_ < items_.size() && replica_.accepts(id_)) {
      const Item& item = items_[submitted_++];
      if (item.look) {
        replica_.submit_read(id_, 0, {});
      } else {
        replica_.submit_write(id_, 0, item.command);
      }
    }
  }
  void answer(rabia::Replica::Reply reply) {
    const Item item = std::move(items_.front());
    items_.pop_front();
    if (submitted_ > 0) --submitted_;
    waiting_bytes_ -= item.bytes();
    item.done(std::move(reply));
  }

  replica::Replica& replica_;
  std::atomic<std::uint64_t>& waiting_bytes_;
  replica::ClientId id_;
  std::deque<Item> items_;     // Answered from the front.
  std::size_t submitted_ = 0;  // Of these.
};

}  // namespace rabia::library
