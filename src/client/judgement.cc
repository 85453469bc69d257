#include "client/judgement.h"

#include <array>
#include <utility>

namespace rabia::client {
namespace {

constexpr std::array<std::string_view, 7> refusals = {"CLUSTERDOWN",
                                                      "DISKFULL",
                                                      "LOADING",
                                                      "TRYAGAIN",
                                                      "READONLY",
                                                      "MASTERDOWN",
                                                      "ERR max number of clients"};
constexpr std::string_view outcome_unknown = "ERR outcome unknown";

bool is_refusal(std::string_view error) {
  for (const std::string_view refusal : refusals) {
    if (error.starts_with(refusal)) return true;
  }
  return false;
}

// A transaction that is refused says so behind a word of its own.
bool is_out_of_memory(std::string_view error) {
  return error.starts_with("OOM") ||
         (error.starts_with("EXECABORT") && error.find(" OOM ") != std::string_view::npos);
}

}  // namespace

Verdict judge(const kv::ClientReply& reply) {
  if (reply.kind != kv::ClientReply::Kind::error) return Verdict::answered;
  if (reply.text.starts_with(outcome_unknown)) return Verdict::unknown;
  return is_refusal(reply.text) ? Verdict::refused : Verdict::answered;
}

Status to_status(std::string_view error) {
  const auto with = [&](Code code) { return Status(code, std::string(error)); };
  if (is_refusal(error)) return with(Code::unavailable);
  if (error.starts_with(outcome_unknown)) return with(Code::unknown_outcome);
  if (is_out_of_memory(error)) return with(Code::exhausted);
  if (error.starts_with("NOAUTH") || error.starts_with("WRONGPASS")) {
    return with(Code::failed_precondition);
  }
  return with(Code::invalid_argument);
}

void Attempts::lost(std::string why) {
  why_ = std::move(why);
  maybe_done_ = maybe_done_ || repeat_ != Repeat::freely;
}

Status Attempts::failure() const {
  if (!maybe_done_) return {Code::unavailable, "nothing was done: " + why_};
  return {Code::unknown_outcome, "it may have been done, read before you try again: " + why_};
}

Status Attempts::answered(const kv::ClientReply& reply) const {
  if (reply.kind != kv::ClientReply::Kind::error) return {};
  Status status = to_status(reply.text);
  // Refused this time, but what was sent before may be executed yet.
  if (maybe_done_ && status.code() == Code::exhausted) {
    return {Code::unknown_outcome, "it may have been done before: " + status.message()};
  }
  return status;
}

}  // namespace rabia::client
