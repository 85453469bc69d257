#include "embedded/store_node.h"

#include <random>

#include "embedded/operation_codec.h"

namespace rabia::embedded {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

StoreNode::StoreNode(const kv::StoreConfig& config)
    : config_(config), bus_(machine_.changes(), random_seed(), [this] {
        if (wake_) wake_();
      }) {
  bus_.set_buffer_size(config.notification_buffer_size);
  machine_.set_transaction_reader(&reader_);
  if (!config.enable_notifications) return;
  machine_.keep_changes(config.notification_history_bytes);
  machine_.set_listener(&ear_);
}

StoreNode::~StoreNode() {
  machine_.set_listener(nullptr);
  machine_.set_transaction_reader(nullptr);
}

void StoreNode::Reader::read(std::string_view bytes, std::string& out) {
  answer_read(store, bytes, out);
}

}  // namespace rabia::embedded
