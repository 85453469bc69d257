// Threads that use one client while its replicas are in trouble, and see whether it keeps its word.
//
//   client_load PORT...
//
// Says `busy` when all threads have done something, and again after each line that it reads; when
// its input ends it stops, looks at what there is, and says `ok: …`, or `wrong: …` for each thing
// that is.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rabia/kv/client.h"

namespace rabia::kv {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto age_max = 1'000ms;
constexpr int counters = 3;
constexpr int shared_keys = 4;
constexpr int operations_a_round = 30;  // Of each thread.

std::int64_t number_in(const std::string& text) {
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

ClientOptions options_for(std::vector<Address> replicas) {
  ClientOptions options;
  options.replicas = std::move(replicas);
  options.connections_per_replica_max = 6;  // Less than there are threads.
  options.answer_within = 1s;
  options.retry_within = 60s;
  return options;
}

// What is written by another client: which value was answered when.
class SharedKey {
 public:
  void answered(std::int64_t value) {
    const std::lock_guard lock(mutex_);
    writes_.emplace_back(Clock::now(), value);
  }
  // The least that a read may see that begins now.
  std::int64_t least() {
    const std::lock_guard lock(mutex_);
    const auto bound = Clock::now() - age_max;
    while (!writes_.empty() && writes_.front().first < bound) {
      least_ = std::max(least_, writes_.front().second);
      writes_.pop_front();
    }
    return least_;
  }
  // Some read that has ended saw that.
  void saw(std::int64_t value) {
    const std::lock_guard lock(mutex_);
    least_ = std::max(least_, value);
  }

 private:
  std::mutex mutex_;
  std::deque<std::pair<Clock::time_point, std::int64_t>> writes_;
  std::int64_t least_ = 0;
};

class Load {
 public:
  Load(Client& client, Client& other) : client_(client), other_(other) {}

  void start() {
    for (int i = 0; i < 6; ++i) run([this, i] { count(i); });
    for (int i = 0; i < 3; ++i) run([this, i] { write_and_read(i); });
    for (int i = 0; i < 3; ++i) run([this, i] { read_shared(i); });
    run([this] { write_shared(); });
    run([this] { set_pairs(); });
    run([this] { increment_pairs(); });
  }
  // Until all threads have done so much more.
  void wait_for_a_round() {
    std::vector<int> wanted;
    for (const std::atomic<int>& done : done_) wanted.push_back(done + operations_a_round);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      while (done_[i] < wanted[i] && wrong_.load() == 0) std::this_thread::sleep_for(5ms);
    }
  }
  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  void look();
  [[nodiscard]] int wrong() const { return wrong_; }
  [[nodiscard]] std::size_t increments() const { return increments_; }

 private:
  void run(std::function<void()> operation) {
    std::atomic<int>& done = done_.emplace_back(0);
    threads_.emplace_back([this, &done, operation = std::move(operation)] {
      for (; !stopping_ && wrong_.load() == 0; ++done) operation();
    });
  }
  void expect(bool right, const std::string& otherwise) {
    if (right) return;
    ++wrong_;
    const std::lock_guard lock(mutex_);
    std::cout << "wrong: " << otherwise << std::endl;
  }
  void expect_ok(const Status& status, const std::string& what) {
    expect(status.ok(),
           what + ": " + std::string(name_of(status.code())) + ", " + status.message());
  }
  std::int64_t read(const std::string& key) {
    const auto value = client_.get(key);
    expect_ok(value.status(), "get " + key);
    return value.ok() && value.value() ? number_in(*value.value()) : 0;
  }

  void count(int thread) {
    const int counter = thread % counters;
    const auto sum = client_.increment("counter:" + std::to_string(counter));
    expect_ok(sum.status(), "increment");
    if (!sum.ok()) return;
    const std::lock_guard lock(mutex_);
    sums_[counter].push_back(sum.value());
  }

  // Its own key: what it reads is what it wrote last.
  void write_and_read(int thread) {
    const std::string key = "near:own:" + std::to_string(thread);
    const std::int64_t value = ++own_[thread];
    expect_ok(client_.set(key, std::to_string(value)), "set " + key);
    for (int i = 0; i < 3; ++i) {
      const std::int64_t seen = read(key);
      expect(seen == value, key + " was read as " + std::to_string(seen) + " behind the write of " +
                                std::to_string(value));
    }
  }

  void write_shared() {
    const std::int64_t value = ++shared_value_;
    for (int i = 0; i < shared_keys; ++i) {
      const std::string key = "near:shared:" + std::to_string(i);
      expect_ok(other_.set(key, std::to_string(value)), "set " + key);
      shared_[i].answered(value);
    }
    std::this_thread::sleep_for(10ms);  // So that there is something to hit.
  }

  // Never older than what a read saw that had ended, nor than what was answered `age_max` ago.
  void read_shared(int thread) {
    for (int i = 0; i < 20; ++i) {
      const int chosen = (thread + i) % shared_keys;
      SharedKey& shared = shared_[chosen];
      const std::int64_t least = shared.least();
      const std::int64_t seen = read("near:shared:" + std::to_string(chosen));
      expect(seen >= least, "shared key " + std::to_string(chosen) + " was read as " +
                                std::to_string(seen) + " behind " + std::to_string(least));
      shared.saw(seen);
    }
    std::this_thread::sleep_for(1ms);
  }

  // A batch of sets, of which nobody sees a part.
  void set_pairs() {
    const std::string value = std::to_string(++pair_value_);
    const ClientWrite writes[] = {{.key = "pair:a", .value = value},
                                  {.key = "pair:b", .value = value}};
    expect_ok(client_.apply(writes).status(), "apply");
    const std::vector<std::string> command = {"MGET", "pair:a", "pair:b"};
    const auto both = client_.execute(command);
    expect_ok(both.status(), "MGET");
    if (!both.ok()) return;
    const std::vector<ClientReply>& list = both.value().list;
    expect(list.size() == 2 && list[0].text == value && list[1].text == value, "half a batch");
  }

  // A transaction: what is of unknown outcome may have been done once, or not at all.
  void increment_pairs() {
    const ClientWrite writes[] = {{.kind = ClientWrite::Kind::increment, .key = "both:a"},
                                  {.kind = ClientWrite::Kind::increment, .key = "both:b"}};
    const auto sums = client_.apply(writes);
    if (sums.status().code() == Code::unknown_outcome) {
      ++pairs_unknown_;
      return;
    }
    expect_ok(sums.status(), "apply");
    ++pairs_done_;
    if (!sums.ok()) return;
    const std::vector<ClientReply>& list = sums.value();
    expect(list[0].integer == list[1].integer && list[0].integer >= pairs_done_,
           "half a transaction");
  }

  Client& client_;
  Client& other_;
  std::deque<std::atomic<int>> done_;  // Operations, by thread.
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> wrong_ = 0;
  std::size_t increments_ = 0;

  // Each of one thread:
  std::int64_t own_[3] = {};
  std::int64_t shared_value_ = 0;
  std::int64_t pair_value_ = 0;
  std::int64_t pairs_done_ = 0;
  std::int64_t pairs_unknown_ = 0;

  SharedKey shared_[shared_keys];
  std::mutex mutex_;  // Guards what follows, and the output.
  std::map<int, std::vector<std::int64_t>> sums_;
};

// Each increment was answered with a sum of its own, from 1 on without a hole.
void Load::look() {
  for (auto& [counter, sums] : sums_) {
    std::ranges::sort(sums);
    std::int64_t next = 1;
    bool each_once = true;
    for (const std::int64_t sum : sums) each_once = each_once && sum == next++;
    const std::int64_t there = read("counter:" + std::to_string(counter));
    expect(each_once && there == static_cast<std::int64_t>(sums.size()),
           "counter " + std::to_string(counter) + " is " + std::to_string(there) + " after " +
               std::to_string(sums.size()) + " increments");
    increments_ += sums.size();
  }
  const std::int64_t both = read("both:a");
  expect(both == read("both:b") && both >= pairs_done_ && both <= pairs_done_ + pairs_unknown_,
         "transactions: " + std::to_string(both) + " after " + std::to_string(pairs_done_) +
             " and " + std::to_string(pairs_unknown_) + " of unknown outcome");
  const auto keys = client_.list_keys("near:own:");
  expect(keys.ok() && keys.value().size() == std::size(own_), "list_keys");
}

int run(std::vector<Address> replicas) {
  ClientOptions options = options_for(std::move(replicas));
  auto other = Client::connect(options);
  options.near_cache =
      NearCacheOptions{.entries_max = 1'000, .prefix = "near:", .age_max = age_max};
  auto client = Client::connect(options);
  if (!client.ok() || !other.ok()) {
    std::cout << "wrong: cannot connect: " << client.status().message() << std::endl;
    return EXIT_FAILURE;
  }
  Load load(*client.value(), *other.value());
  load.start();
  load.wait_for_a_round();
  std::cout << "busy" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    load.wait_for_a_round();
    std::cout << "busy" << std::endl;
  }
  load.stop();
  load.look();
  const ClientMetrics metrics = client.value()->metrics();
  std::uint64_t failures = 0;
  for (const ReplicaMetrics& replica : metrics.replicas) failures += replica.failures;
  if (load.wrong() > 0) return EXIT_FAILURE;
  std::cout << "ok: increments " << load.increments() << " calls " << metrics.calls << " retries "
            << metrics.retries << " failures " << failures << " unknown " << metrics.unknown_outcome
            << " hits " << metrics.hits << " misses " << metrics.misses << " invalidations "
            << metrics.invalidations << " resets " << metrics.resets << " watches "
            << metrics.watch_connections << std::endl;
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace rabia::kv

int main(int argc, char** argv) {
  std::vector<rabia::kv::Address> replicas;
  for (int i = 1; i < argc; ++i) {
    replicas.push_back({"127.0.0.1", static_cast<std::uint16_t>(rabia::kv::number_in(argv[i]))});
  }
  return rabia::kv::run(std::move(replicas));
}
