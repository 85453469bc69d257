#include "sim/runner/jobs.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace rabia::sim {
namespace {

// Then another one goes on, with a fresh heap.
constexpr int seeds_a_process = 500;

// What a child says of a seed, followed by the text.
struct Report {
  enum Kind : std::uint32_t { begun, ended } kind;
  std::uint32_t text_bytes;
  std::uint64_t seed;
  Tally tally;
};

bool write_all(int to, const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t put = ::write(to, at, size);
    if (put <= 0) return false;
    at += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

bool read_all(int from, void* bytes, std::size_t size) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t got = ::read(from, at, size);
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

void say(int to, Report::Kind kind, std::uint64_t seed, const RunResult& result) {
  const Report report{kind, static_cast<std::uint32_t>(result.violation.size()), seed,
                      result.tally};
  if (!write_all(to, &report, sizeof report) ||
      !write_all(to, result.violation.data(), result.violation.size())) {
    _exit(0);  // The parent has gone.
  }
}

// After so much of it, from now on, the process is ended: a busy machine is no endless run.
void limit_processor_time(unsigned seconds) {
  const itimerval limit{{0, 0}, {static_cast<time_t>(seconds), 0}};
  RABIA_CHECK(::setitimer(ITIMER_PROF, &limit, nullptr) == 0);
}

// The seeds from `seed` on that are this child's.
[[noreturn]] void child(const JobsOptions& options, const RunSeed& run, std::uint64_t seed,
                        int to) {
  for (int seeds = 0; seed < options.end_seed && seeds < seeds_a_process; ++seeds) {
    say(to, Report::begun, seed, {});
    limit_processor_time(options.seconds_max);
    RunResult result = run(seed);
    if (seed % options.twice_of == 0) {
      const RunResult again = run(seed);
      if (again.trace_hash != result.trace_hash || again.violation != result.violation) {
        result.violation =
            "determinism: the same seed gave two different runs; " + result.violation;
      }
    }
    say(to, Report::ended, seed, result);
    seed += options.jobs;
  }
  _exit(0);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    if (signal == SIGPROF) return "the run did not end";
    return std::string("the process was ended by signal ") + strsignal(signal) +
           (signal == SIGABRT ? ": a check of our own failed (see standard error)" : "");
  }
  return "the process ended with status " + std::to_string(WEXITSTATUS(status));
}

class Worker {
 public:
  Worker(const JobsOptions& options, const RunSeed& run, std::uint64_t first)
      : options_(options), run_(run), next_(first) {
    begin();
  }
  ~Worker() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    if (from_ >= 0) ::close(from_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] int descriptor() const { return from_; }
  [[nodiscard]] bool done() const { return from_ < 0; }

  // Something can be read. A result, if there is one now.
  bool take(SeedResult& result) {
    Report report;
    if (!read_all(from_, &report, sizeof report)) return take_end(result);
    std::string text(report.text_bytes, '\0');
    if (!read_all(from_, text.data(), text.size())) return take_end(result);
    running_ = report.kind == Report::begun;
    next_ = report.seed + options_.jobs;
    result = {report.seed, std::move(text), report.tally};
    return report.kind == Report::ended;
  }

 private:
  void begin() {
    if (next_ >= options_.end_seed) return;
    int ends[2];
    RABIA_CHECK(::pipe(ends) == 0);
    std::fflush(stdout);
    pid_ = ::fork();
    RABIA_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      ::close(ends[0]);
      child(options_, run_, next_, ends[1]);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  // The child is gone: it is done, has run long enough, or a seed has ended it. Another one goes
  // on.
  bool take_end(SeedResult& result) {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ::close(from_);
    pid_ = from_ = -1;
    const bool ended_by_seed = std::exchange(running_, false);
    if (ended_by_seed) result = {next_ - options_.jobs, describe_end(status), {}};
    begin();
    return ended_by_seed;
  }

  const JobsOptions& options_;
  const RunSeed& run_;
  std::uint64_t next_;
  bool running_ = false;  // It has begun with a seed and said nothing of its end.
  pid_t pid_ = -1;
  int from_ = -1;
};

}  // namespace

void run_jobs(const JobsOptions& options, const RunSeed& run, const OnResult& on_result,
              const OnWait& on_wait) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < options.jobs; ++i) {
    workers.push_back(std::make_unique<Worker>(options, run, options.first_seed + i));
  }
  while (on_wait()) {
    std::vector<pollfd> polled;
    std::vector<Worker*> of;
    for (const auto& worker : workers) {
      if (worker->done()) continue;
      polled.push_back({worker->descriptor(), POLLIN, 0});
      of.push_back(worker.get());
    }
    if (polled.empty()) return;
    ::poll(polled.data(), polled.size(), 500);
    for (std::size_t i = 0; i < polled.size(); ++i) {
      SeedResult result;
      if (polled[i].revents != 0 && of[i]->take(result) && !on_result(result)) return;
    }
  }
}

}  // namespace rabia::sim
