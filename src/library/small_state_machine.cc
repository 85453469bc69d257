#include "rabia/small_state_machine.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/hash.h"

namespace rabia {
namespace {

// The stream: this, the version, the digest, the state as the machine wrote it, and a checksum of
// all that. Numbers are little-endian.
constexpr std::string_view magic = "RABIASSM";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_bytes = magic.size() + sizeof format_version + sizeof(StateDigest);
constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);

}  // namespace

void SmallStateMachine::apply(const ApplyContext& context, std::string_view command,
                              std::string* reply) {
  const std::string answer = execute(context, command);
  std::string chained;
  base::Encoder encode(chained);
  encode.fixed(digest_.high);
  encode.fixed(digest_.low);
  encode.bytes(command);
  encode.raw(answer);
  const base::Hash128 hash = base::hash128(chained);
  digest_ = {hash.high, hash.low};
  if (reply != nullptr) reply->append(answer);
}

class SmallStateMachine::Reader final : public SnapshotReader {
 public:
  explicit Reader(std::string stream) : stream_(std::move(stream)) {}
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override {
    if (at_ == stream_.size()) return false;
    const std::string_view piece =
        std::string_view(stream_).substr(at_, std::max<std::size_t>(bytes_about, 1));
    out.append(piece);
    at_ += piece.size();
    return true;
  }

 private:
  std::string stream_;
  std::size_t at_ = 0;
};

class SmallStateMachine::Loader final : public SnapshotLoader {
 public:
  explicit Loader(SmallStateMachine& machine) : machine_(machine) {}
  Status add(std::string_view bytes) override {
    stream_.append(bytes);
    return {};
  }
  Status finish() override {
    const std::string_view stream = stream_;
    if (!stream.starts_with(magic) || stream.size() < header_bytes + checksum_bytes) {
      return {Code::corrupted, "not the state of a small state machine"};
    }
    base::Decoder decode(stream.substr(magic.size()));
    const auto version = decode.fixed<std::uint32_t>();
    if (version != format_version) {
      return {Code::corrupted, "the state of a small state machine has format version " +
                                   std::to_string(version) + " instead of " +
                                   std::to_string(format_version)};
    }
    StateDigest digest;
    digest.high = decode.fixed<std::uint64_t>();
    digest.low = decode.fixed<std::uint64_t>();
    const std::string_view checked = stream.substr(0, stream.size() - checksum_bytes);
    base::Decoder end(stream.substr(checked.size()));
    if (end.fixed<std::uint64_t>() != base::hash64(checked)) {
      return {Code::corrupted, "the state of a small state machine is damaged"};
    }
    Status loaded = machine_.load(checked.substr(header_bytes));
    if (loaded.ok()) machine_.digest_ = digest;
    return loaded;
  }

 private:
  SmallStateMachine& machine_;
  std::string stream_;
};

std::unique_ptr<SnapshotReader> SmallStateMachine::begin_snapshot() {
  std::string stream;
  base::Encoder encode(stream);
  encode.raw(magic);
  encode.fixed(format_version);
  encode.fixed(digest_.high);
  encode.fixed(digest_.low);
  encode.raw(save());
  encode.fixed(base::hash64(stream));
  return std::make_unique<Reader>(std::move(stream));
}

std::unique_ptr<SnapshotLoader> SmallStateMachine::begin_load() {
  return std::make_unique<Loader>(*this);
}

}  // namespace rabia
