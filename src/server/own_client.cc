#include "server/own_client.h"

namespace rabia::server {

void OwnClient::submit(std::string operation, Done done) {
  waiting_.push_back({std::move(operation), std::move(done)});
  submit_waiting();
}

void OwnClient::submit_waiting() {
  while (submitted_ < waiting_.size() && replica_.accepts(id_)) {
    const std::string operation = std::move(waiting_[submitted_++].operation);
    replica_.submit_write(id_, 0, operation);
  }
}

void OwnClient::on_executed(std::uint64_t /*token*/, std::string_view reply) {
  answer(reply);
}

void OwnClient::on_failed(std::uint64_t /*token*/, replica::Failure failure) {
  const bool unknown = failure == replica::Failure::outcome_unknown;
  answer(Status(unknown ? Code::unknown_outcome : Code::unavailable, "no quorum"));
}

void OwnClient::answer(const Result<std::string_view>& reply) {
  const Done done = std::move(waiting_.front().done);
  waiting_.pop_front();
  --submitted_;
  done(reply);
}

}  // namespace rabia::server
