#include "library/once_machine.h"

#include "base/codec.h"
#include "kv/digest.h"
#include "kv/snapshot.h"

namespace rabia::library {
namespace {

enum class Kind : char { plain = 0, named = 1 };

// The command of the user's machine in one of ours; nothing: malformed.
std::optional<std::string_view> inner(std::string_view command) {
  if (command.empty()) return std::nullopt;
  const std::string_view rest = command.substr(1);
  if (command.front() == static_cast<char>(Kind::plain)) return rest;
  if (command.front() != static_cast<char>(Kind::named)) return std::nullopt;
  base::Decoder in(rest);
  in.bytes();
  in.varint();
  return in.ok() ? std::optional(rest.substr(rest.size() - in.remaining())) : std::nullopt;
}

}  // namespace

void encode_plain(std::string& out, std::string_view command) {
  out.push_back(static_cast<char>(Kind::plain));
  out.append(command);
}

void encode_named(std::string& out, const NamedCommand& named) {
  out.push_back(static_cast<char>(Kind::named));
  base::Encoder encode(out);
  encode.bytes(named.session);
  encode.varint(named.number);
  encode.raw(named.command);
}

void OnceMachine::begin_batch(const ApplyContext& context) {
  replies_.advance_clock(context.time.value);
  machine_.begin_batch(context);
}

void OnceMachine::apply(const ApplyContext& context, std::string_view command, std::string* reply) {
  const std::optional<std::string_view> its_own = inner(command);
  if (!its_own) return;
  if (command.front() == static_cast<char>(Kind::plain)) {
    machine_.apply(context, *its_own, reply);
  } else {
    apply_named(context, command.substr(1), reply);
  }
}

// The reply is made on all replicas, whoever waits.
void OnceMachine::apply_named(const ApplyContext& context, std::string_view named,
                              std::string* reply) {
  base::Decoder in(named);
  const std::string_view session = in.bytes();
  const std::uint64_t number = in.varint();
  const std::optional<std::string_view> kept = replies_.find(session, number);
  if (!kept) {
    reply_.clear();
    machine_.apply(context, named.substr(named.size() - in.remaining()), &reply_);
    if (reply_.size() <= answer_bytes_max) {
      replies_.keep(session, number, reply_, keep_milliseconds);
    }
  }
  if (reply != nullptr) reply->append(kept ? *kept : reply_);
}

void OnceMachine::prefetch(std::span<const std::string_view> commands) const {
  commands_.clear();
  for (const std::string_view command : commands) {
    if (const auto its_own = inner(command)) commands_.push_back(*its_own);
  }
  machine_.prefetch(commands_);
}

// The kept answers, then the machine's own.
class OnceMachine::Reader final : public SnapshotReader {
 public:
  explicit Reader(OnceMachine& machine)
      : replies_(machine.replies_.store()), machine_(machine.machine_.begin_snapshot()) {}
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override {
    return replies_.read(bytes_about, out) || machine_->read(bytes_about, out);
  }

 private:
  kv::StoreSnapshotReader replies_;
  std::unique_ptr<SnapshotReader> machine_;
};

class OnceMachine::Loader final : public SnapshotLoader {
 public:
  explicit Loader(OnceMachine& machine)
      : replies_(machine.replies_.store()), machine_(machine.machine_.begin_load()) {}

  Status add(std::string_view bytes) override {
    if (replies_.ended()) return machine_->add(bytes);
    if (Status status = replies_.add(bytes); !status.ok()) return status;
    return replies_.ended() ? machine_->add(replies_.take_rest()) : Status();
  }
  Status finish() override {
    if (Status status = replies_.check(); !status.ok()) return status;
    if (Status status = machine_->finish(); !status.ok()) return status;
    return replies_.finish();  // Does not fail: it was checked.
  }

 private:
  kv::StoreSnapshotLoader replies_;
  std::unique_ptr<SnapshotLoader> machine_;
};

std::unique_ptr<SnapshotReader> OnceMachine::begin_snapshot() {
  return std::make_unique<Reader>(*this);
}

std::unique_ptr<SnapshotLoader> OnceMachine::begin_load() {
  return std::make_unique<Loader>(*this);
}

StateDigest OnceMachine::digest() const {
  StateDigest digest = machine_.digest();
  kv::add(digest, kv::digest_of_replies(replies_.store().digest()));
  return digest;
}

}  // namespace rabia::library
