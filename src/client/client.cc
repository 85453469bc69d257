#include "rabia/kv/client.h"

#include <utility>

#include "client/cluster_store.h"

namespace rabia::kv {

class Client::Impl : public client::ClusterStore {
 public:
  using ClusterStore::ClusterStore;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(ClientOptions options) {
  if (Status checked = client::check(options); !checked.ok()) return checked;
  auto dialer = client::make_hiredis_dialer(options.user, options.password);
  auto impl = std::make_unique<Impl>(std::move(options), std::move(dialer));
  if (Status reached = impl->reach(); !reached.ok()) return reached;
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Result<std::optional<std::string>> Client::get(std::string_view key) {
  return impl_->get(key);
}

Status Client::set(std::string_view key, std::string_view value) {
  return impl_->set(key, value);
}

Status Client::set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) {
  return impl_->set(key, value, ttl);
}

Result<bool> Client::del(std::string_view key) {
  return impl_->del(key);
}

Result<bool> Client::exists(std::string_view key) {
  return impl_->exists(key);
}

Result<std::int64_t> Client::increment(std::string_view key, std::int64_t by) {
  return impl_->increment(key, by);
}

Result<bool> Client::expire(std::string_view key, std::chrono::milliseconds ttl) {
  return impl_->expire(key, ttl);
}

Result<std::vector<std::string>> Client::list_keys(std::string_view prefix, std::size_t keys_max) {
  return impl_->list_keys(prefix, keys_max);
}

Status Client::clear() {
  return impl_->clear();
}

Result<std::uint64_t> Client::size() {
  return impl_->size();
}

Result<std::vector<ClientReply>> Client::apply(std::span<const ClientWrite> writes) {
  return impl_->apply(writes);
}

Result<ClientReply> Client::execute(std::span<const std::string> arguments) {
  return impl_->execute(arguments);
}

ClientMetrics Client::metrics() const {
  return impl_->metrics();
}

}  // namespace rabia::kv
