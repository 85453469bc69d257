#include "rabia_bench/etcd/etcd_load.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "rabia_bench/clock.h"

namespace rabia::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto connects_within = 5s;
constexpr std::int64_t look_after = 50'000'000;

std::chrono::system_clock::time_point after(std::int64_t nanoseconds) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(
             std::chrono::nanoseconds(nanoseconds));
}

}  // namespace

// Owned by the completion queue from its beginning to its end.
struct EtcdLoad::Call {
  std::uint32_t lane = 0;
  bool is_write = false;
  std::int64_t begun = 0;
  grpc::ClientContext context;
  grpc::Status status;
  etcdserverpb::PutResponse put;
  etcdserverpb::RangeResponse range;
  std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::PutResponse>> put_reader;
  std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::RangeResponse>> range_reader;
};

EtcdLoad::EtcdLoad(const Options& options, const Window& window, std::uint32_t number,
                   std::vector<std::shared_ptr<grpc::Channel>> channels)
    : options_(options),
      tally_(window, options.targets.size()),
      content_(options.workload, options.seed + number, number, options.threads),
      left_(options.requests / options.threads +
            (number < options.requests % options.threads ? 1 : 0)) {
  if (options.gap) tally_.keep_write_times();
  for (std::size_t i = 0; i < channels.size(); ++i) {
    Lane& lane = lanes_.emplace_back();
    lane.stub = etcdserverpb::KV::NewStub(channels[i]);
    lane.target =
        static_cast<std::uint32_t>((number + i * options.threads) % options.targets.size());
  }
  if (options.rate > 0) {
    schedule_.emplace(window.start, options.rate, options.connections, number, options.threads);
  }
}

void EtcdLoad::run() {
  if (!schedule_) {
    for (std::uint32_t i = 0; i < lanes_.size(); ++i) fill(i, clock_now());
  }
  std::int64_t now = clock_now();
  while (under_way_ > 0 || due_ > 0 || may_begin(now)) {
    if (schedule_) take_due(now);
    std::int64_t wait = look_after;
    if (schedule_ && may_begin(now)) {
      wait = std::clamp<std::int64_t>(schedule_->next_time() - clock_now(), 0, look_after);
    }
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue_.AsyncNext(&tag, &ok, after(wait));
    now = clock_now();
    if (next != grpc::CompletionQueue::GOT_EVENT) continue;
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    end_call(*call, now);
    fill(call->lane, now);
  }
  queue_.Shutdown();
}

bool EtcdLoad::may_begin(std::int64_t now) const {
  const Window& window = tally_.window();
  if (schedule_) return schedule_->next_time() < window.until;
  if (options_.requests == 0 || now < window.from) return now < window.until;
  return left_ > 0;
}

void EtcdLoad::take_due(std::int64_t now) {
  while (schedule_->next_time() <= now && may_begin(now)) {
    const std::uint32_t place = schedule_->take();
    ++lanes_[place].due;
    ++due_;
    fill(place, now);
  }
}

void EtcdLoad::fill(std::uint32_t place, std::int64_t now) {
  Lane& lane = lanes_[place];
  while (lane.under_way < options_.pipeline) {
    if (schedule_) {
      if (lane.due == 0) return;
      --lane.due;
      --due_;
      begin_call(place, schedule_->time_of(place, lane.scheduled++));
    } else {
      if (!may_begin(now)) return;
      if (options_.requests > 0 && now >= tally_.window().from) --left_;
      begin_call(place, now);
    }
  }
}

// A call without an answer is given up after the patience: its status is an error then.
void EtcdLoad::begin_call(std::uint32_t place, std::int64_t begun) {
  Lane& lane = lanes_[place];
  auto call = std::make_unique<Call>();
  call->lane = place;
  call->begun = begun;
  call->is_write = options_.workload.mix[content_.next_operation()].is_write();
  call->context.set_deadline(after(static_cast<std::int64_t>(options_.patience_seconds * 1e9)));
  std::string key;
  content_.append_key(key, 'k');
  Call* const tag = call.release();
  if (tag->is_write) {
    etcdserverpb::PutRequest request;
    request.set_key(std::move(key));
    request.set_value(std::string(content_.next_value()));
    tag->put_reader = lane.stub->AsyncPut(&tag->context, request, &queue_);
    tag->put_reader->Finish(&tag->put, &tag->status, tag);
  } else {
    etcdserverpb::RangeRequest request;
    request.set_key(std::move(key));
    tag->range_reader = lane.stub->AsyncRange(&tag->context, request, &queue_);
    tag->range_reader->Finish(&tag->range, &tag->status, tag);
  }
  ++tally_.sent;
  ++lane.under_way;
  ++under_way_;
}

void EtcdLoad::end_call(const Call& call, std::int64_t now) {
  Lane& lane = lanes_[call.lane];
  --lane.under_way;
  --under_way_;
  tally_.last_answer = now;
  if (!call.status.ok()) {
    ++tally_.unanswered;
    tally_.fail(io::to_string(options_.targets[lane.target]) + ": " + call.status.error_message());
    return;
  }
  if (!call.is_write && call.range.kvs().empty()) ++tally_.misses;
  tally_.complete(lane.target, call.is_write, call.begun, now);
}

Result<Loads> make_etcd_loads(const Options& options) {
  for (const Operation& each : options.workload.mix) {
    if (each.kind != Operation::Kind::set && each.kind != Operation::Kind::get) {
      return {Code::invalid_argument, "--mix: for etcd there are set (a put) and get (a range)"};
    }
  }
  if (options.wait_replicas > 0 || options.idle_connections > 0) {
    return {Code::invalid_argument, "--wait and --idle-connections are not for etcd"};
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // Else all would share one connection.
  std::vector<std::vector<std::shared_ptr<grpc::Channel>>> channels(options.threads);
  for (std::uint32_t i = 0; i < options.connections; ++i) {
    const std::string target = io::to_string(options.targets[i % options.targets.size()]);
    auto channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + connects_within)) {
      return {Code::unavailable, target + " does not answer (is etcd started there?)"};
    }
    channels[i % options.threads].push_back(std::move(channel));
  }
  Loads loads{.window = make_window(options, clock_now()), .threads = {}};
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    loads.threads.push_back(
        std::make_unique<EtcdLoad>(options, loads.window, i, std::move(channels[i])));
  }
  return loads;
}

}  // namespace rabia::bench
