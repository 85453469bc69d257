#include "sim/machine/machine_service.h"

#include <deque>
#include <utility>

#include "base/codec.h"
#include "sim/machine/message.h"
#include "sim/world/host.h"

namespace rabia::sim {

// One connection: what comes is submitted in its order, and answered in that order. A client sends
// few before it waits.
class MachineService::Session final : public io::StreamHandler, public replica::Client {
 public:
  Session(MachineService& service, std::unique_ptr<io::Stream> stream)
      : service_(service),
        replica_(*service.replica_),
        id_(replica_.add_client(*this)),
        stream_(std::move(stream)) {
    stream_->start(*this);
  }
  ~Session() override {
    replica_.remove_client(id_);
    stream_->close();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- io::StreamHandler
  void on_bytes(std::string_view bytes) override {
    reader_.add(bytes);
    while (const auto message = reader_.next()) {
      waiting_.push_back({message->kind, message->operation, std::string(message->bytes)});
    }
    submit();
  }
  void on_drained() override {}
  void on_closed(std::string_view /*reason*/) override { service_.ended(*this); }

  // ---- replica::Client
  void on_executed(std::uint64_t token, std::string_view reply) override {
    encode({MessageKind::answer, token, reply}, out_);
  }
  void on_readable(std::uint64_t token, std::string_view /*operation*/) override {
    const LoggedMachine& machine = service_.machine_;
    const StateDigest digest = machine.digest();
    std::string seen;
    base::Encoder encoder(seen);
    encoder.fixed(machine.place().batches);
    encoder.fixed(machine.place().commands);
    encoder.fixed(digest.high);
    encoder.fixed(digest.low);
    encode({MessageKind::answer, token, seen}, out_);
  }
  void on_failed(std::uint64_t token, replica::Failure failure) override {
    const bool unknown = failure == replica::Failure::outcome_unknown;
    encode({unknown ? MessageKind::unknown : MessageKind::not_executed, token}, out_);
  }
  void on_accepting() override { submit(); }
  void on_step_end() override {
    if (!out_.empty()) stream_->write(std::exchange(out_, {}));
  }

 private:
  struct Waiting {
    MessageKind kind;
    std::uint64_t operation;
    std::string command;
  };

  void submit() {
    while (!waiting_.empty() && replica_.accepts(id_)) {
      const Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      if (next.kind == MessageKind::command) {
        replica_.submit_write(id_, next.operation, next.command);
      } else {
        replica_.submit_read(id_, next.operation, {});
      }
    }
  }

  MachineService& service_;
  replica::Replica& replica_;
  replica::ClientId id_;
  std::unique_ptr<io::Stream> stream_;
  MessageReader reader_;
  std::deque<Waiting> waiting_;
  std::string out_;
};

MachineService::MachineService(const Site& site, std::unique_ptr<StateMachine> machine,
                               ExecutedLog& log)
    : site_(site), machine_(std::move(machine), log, site.name, site.lives) {}

MachineService::~MachineService() = default;

Status MachineService::serve(replica::Replica& replica) {
  replica_ = &replica;
  auto listener = site_.network.listen(
      {site_.name, client_port},
      [this](std::unique_ptr<io::Stream> stream) { accept(std::move(stream)); });
  if (listener.ok()) listener_ = listener.take();
  return listener.status();
}

void MachineService::accept(std::unique_ptr<io::Stream> stream) {
  sessions_.push_back(std::make_unique<Session>(*this, std::move(stream)));
}

void MachineService::ended(const Session& session) {
  sessions_.remove_if([&session](const auto& each) { return each.get() == &session; });
}

void MachineService::stop() {
  listener_.reset();
  sessions_.clear();
  replica_ = nullptr;
}

}  // namespace rabia::sim
