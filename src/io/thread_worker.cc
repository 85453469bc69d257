#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "io/real_parts.h"

namespace rabia::io {
namespace {

class ThreadWorker final : public Worker {
 public:
  ThreadWorker(Executor& executor, Urgency urgency)
      : executor_(executor), thread_([this, urgency] {
          if (urgency == Urgency::background) yield_to_others();
          work();
        }) {}

  ~ThreadWorker() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  ThreadWorker(const ThreadWorker&) = delete;
  ThreadWorker& operator=(const ThreadWorker&) = delete;

  void run(Task job, Task done) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back({std::move(job), std::move(done)});
    }
    wake_.notify_one();
  }

 private:
  struct Item {
    Task job;
    Task done;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Item item = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      item.job();
      item.job = nullptr;  // What it holds is released before `done` can run.
      executor_.post(std::move(item.done));
      lock.lock();
    }
  }

  Executor& executor_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  bool stopping_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace

// On Linux each thread has a niceness of its own. Where it cannot be set, the thread is as any.
void yield_to_others() {
  constexpr int least = 10;
  const auto thread = static_cast<id_t>(::gettid());
  const int inherited = ::getpriority(PRIO_PROCESS, thread);
  if (inherited < least) ::setpriority(PRIO_PROCESS, thread, least);
}

std::unique_ptr<Worker> make_thread_worker(Executor& executor, Urgency urgency) {
  return std::make_unique<ThreadWorker>(executor, urgency);
}

}  // namespace rabia::io
