// Answers that are written in the order of their questions, while further ones are under way.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace banking_smr_cluster {

// Has a thread that writes to stdout, a line for each. So the replica's own thread, which must not
// wait, does not wait for whoever reads stdout.
class Answers {
 public:
  // What waits for the answer and gives it. Called in the writing thread.
  using Wait = std::function<std::string()>;

  Answers() : writing_([this] { write_all(); }) {}
  // Writes what is left.
  ~Answers() {
    add(nullptr);
    writing_.join();
  }
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  // Blocks while under_way_max answers are owed.
  void add(Wait wait) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return owed_.size() < under_way_max; });
    owed_.push_back(std::move(wait));
    changed_.notify_all();
  }

 private:
  static constexpr std::size_t under_way_max = 64;

  void write_all() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !owed_.empty(); });
      const Wait wait = std::move(owed_.front());
      lock.unlock();
      if (!wait) return;
      std::cout << wait() << std::endl;
      lock.lock();
      owed_.pop_front();  // Only now: what is being waited for counts, too.
      changed_.notify_all();
    }
  }

  std::mutex mutex_;  // Guards what is owed.
  std::condition_variable changed_;
  std::deque<Wait> owed_;  // An empty one is the end.
  std::thread writing_;
};

}  // namespace banking_smr_cluster
