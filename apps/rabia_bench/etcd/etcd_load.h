// One thread of a load on etcd, over gRPC: unary calls, several under way on each connection.
#pragma once

#include <grpcpp/grpcpp.h>
#include <kv.grpc.pb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "rabia_bench/content.h"
#include "rabia_bench/run.h"
#include "rabia_bench/schedule.h"

namespace rabia::bench {

// As Worker does with the Redis protocol, but that each call which is answered makes room for the
// next one: etcd has no pipelines.
class EtcdLoad final : public Load {
 public:
  EtcdLoad(const Options& options, const Window& window, std::uint32_t number,
           std::vector<std::shared_ptr<grpc::Channel>> channels);
  void run() override;
  [[nodiscard]] const Tally& tally() const override { return tally_; }

 private:
  struct Call;
  struct Lane {  // One connection.
    std::unique_ptr<etcdserverpb::KV::Stub> stub;
    std::uint32_t target = 0;
    std::uint32_t under_way = 0;
    std::uint64_t due = 0;        // Open loop: calls whose time has come.
    std::uint64_t scheduled = 0;  // Open loop: calls begun so far.
  };

  [[nodiscard]] bool may_begin(std::int64_t now) const;
  void take_due(std::int64_t now);
  void fill(std::uint32_t place, std::int64_t now);
  void begin_call(std::uint32_t place, std::int64_t begun);
  void end_call(const Call& call, std::int64_t now);

  const Options& options_;
  Tally tally_;
  Content content_;
  std::vector<Lane> lanes_;
  std::optional<Schedule> schedule_;
  grpc::CompletionQueue queue_;
  std::uint64_t left_ = 0;
  std::uint64_t under_way_ = 0;
  std::uint64_t due_ = 0;
};

// Connects to every target first.
Result<Loads> make_etcd_loads(const Options& options);

}  // namespace rabia::bench
