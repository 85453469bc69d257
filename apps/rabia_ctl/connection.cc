#include "rabia_ctl/connection.h"

#include <hiredis/hiredis.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "io/network.h"
#include "settings/environment.h"

namespace rabia::apps {
namespace {

using namespace std::chrono_literals;

constexpr auto connects_within = 5s;

timeval to_timeval(base::Duration duration) {
  return {.tv_sec = std::chrono::floor<std::chrono::seconds>(duration).count(), .tv_usec = 0};
}

Reply to_reply(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.kind = Reply::Kind::text;
      reply.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::integer;
      reply.integer = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::list;
      for (std::size_t i = 0; i < from.elements; ++i) {
        reply.list.push_back(to_reply(*from.element[i]));
      }
      break;
    default:
      break;
  }
  return reply;
}

Status to_status(const std::string& address, std::string_view error) {
  const std::string said = address + " answers: " + std::string(error);
  if (error.starts_with("CLUSTERDOWN")) return {Code::unavailable, said};
  if (error.starts_with("NOAUTH") || error.starts_with("WRONGPASS")) {
    return {Code::failed_precondition, said + " (give the password as " + password_variable +
                                           " in the environment, or by --password)"};
  }
  return {Code::failed_precondition, said};
}

std::string password_of(const Target& target) {
  if (!target.password.empty()) return target.password;
  const char* const given = std::getenv(password_variable);
  return given != nullptr ? given : "";
}

}  // namespace

void add_target(CLI::App& command, Target& target) {
  command.add_option("--at", target.at, "HOST:PORT: where a replica serves clients")->required();
  command.add_option("--password", target.password,
                     std::string("Its password; shows in the list of processes: better give it in "
                                 "the environment as ") +
                         password_variable);
}

const Reply* Reply::find(std::string_view name) const {
  for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
    if (list[i].kind == Kind::text && list[i].text == name) return &list[i + 1];
  }
  return nullptr;
}

void Connection::Free::operator()(redisContext* context) const {
  redisFree(context);
}

Result<Connection> Connection::open(const Target& target) {
  const Result<io::Endpoint> endpoint = io::parse_endpoint(target.at);
  if (!endpoint.ok()) return {Code::invalid_argument, "--at: " + endpoint.status().message()};
  redisContext* const context = redisConnectWithTimeout(
      endpoint.value().host.c_str(), endpoint.value().port, to_timeval(connects_within));
  if (context == nullptr) return {Code::exhausted, "out of memory"};
  Connection connection(io::to_string(endpoint.value()), context);
  if (context->err != 0) {
    return {Code::unavailable, "cannot connect to " + connection.address_ + ": " + context->errstr +
                                   " (does a replica serve clients there?)"};
  }
  redisEnableKeepAlive(context);  // A machine that vanished is noticed while we wait for it.
  const std::string password = password_of(target);
  if (password.empty()) return connection;
  const Result<Reply> let_in = connection.call({"AUTH", password});
  if (!let_in.ok()) return let_in.status();
  return connection;
}

Result<Reply> Connection::call(const std::vector<std::string>& words, base::Duration within) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisSetTimeout(context_.get(), to_timeval(within));
  const auto free = [](redisReply* reply) { freeReplyObject(reply); };
  const std::unique_ptr<redisReply, decltype(free)> reply(
      static_cast<redisReply*>(redisCommandArgv(context_.get(), static_cast<int>(texts.size()),
                                                texts.data(), sizes.data())),
      free);
  if (reply == nullptr) return broken(within);
  answered_ = true;
  if (reply->type == REDIS_REPLY_ERROR) {
    return to_status(address_, std::string_view(reply->str, reply->len));
  }
  return to_reply(*reply);
}

Status Connection::broken(base::Duration within) const {
  const bool silent = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(within).count();
  return {Code::unavailable,
          address_ + ": " +
              (silent ? "no answer within " + std::to_string(seconds) + " s" : context_->errstr) +
              (answered_ ? "" : " (--at is where clients are served: `port`, not `peer-port`)")};
}

}  // namespace rabia::apps
