#include "embedded/operation_codec.h"

#include <gtest/gtest.h>

#include <array>

#include "embedded/store_node.h"

namespace rabia::embedded {
namespace {

using kv::Operation;

// A node that executes operations one by one.
class Node {
 public:
  Result<kv::Result> execute(const Operation& operation) {
    std::string answer;
    if (is_read(operation)) {
      answer_read(node_.store(), encode_read(operation), answer);
    } else {
      answer = apply(encode_write(operation));
    }
    return decode_answer(operation, answer);
  }
  Result<std::vector<kv::Result>> execute(std::span<const Operation> operations) {
    return decode_batch_answer(operations, apply(encode_batch(operations)));
  }
  std::string apply(const std::string& command) {
    node_.begin_batch({{1}, {1}, {1'000}});
    std::string answer;
    node_.apply({}, command, &answer);
    return answer;
  }

 private:
  StoreNode node_{kv::StoreConfig{}};
};

std::optional<std::string> found(const kv::Result& result) {
  return std::get<kv::Found>(result).value;
}

TEST(OperationCodec, EveryOperationIsAnsweredAsItsCommentSays) {
  Node node;
  EXPECT_EQ(found(node.execute(kv::Get{"a"}).value()), std::nullopt);
  EXPECT_TRUE(std::holds_alternative<kv::Done>(node.execute(kv::Set{"a", "1"}).value()));
  EXPECT_TRUE(std::holds_alternative<kv::Done>(node.execute(kv::Set{"ab", ""}).value()));
  EXPECT_EQ(found(node.execute(kv::Get{"a"}).value()), "1");
  EXPECT_EQ(found(node.execute(kv::Get{"ab"}).value()), "");
  EXPECT_TRUE(std::get<kv::WasThere>(node.execute(kv::Exists{"a"}).value()).value);
  EXPECT_FALSE(std::get<kv::WasThere>(node.execute(kv::Exists{"b"}).value()).value);
  EXPECT_EQ(std::get<kv::Keys>(node.execute(kv::ListKeys{"ab"}).value()).keys,
            std::vector<std::string>{"ab"});
  EXPECT_EQ(std::get<kv::Keys>(node.execute(kv::ListKeys{}).value()).keys.size(), 2U);
  EXPECT_EQ(std::get<kv::Count>(node.execute(kv::Size{}).value()).keys, 2U);
  EXPECT_TRUE(std::get<kv::WasThere>(node.execute(kv::Delete{"a"}).value()).value);
  EXPECT_FALSE(std::get<kv::WasThere>(node.execute(kv::Delete{"a"}).value()).value);
  EXPECT_TRUE(std::holds_alternative<kv::Done>(node.execute(kv::Clear{}).value()));
  EXPECT_EQ(std::get<kv::Count>(node.execute(kv::Size{}).value()).keys, 0U);
}

TEST(OperationCodec, ReadsInABatchSeeTheWritesBeforeThem) {
  Node node;
  const std::array<Operation, 8> operations = {kv::Set{"a", "1"}, kv::Get{"a"},     kv::ListKeys{},
                                               kv::Delete{"a"},   kv::Exists{"a"},  kv::Size{},
                                               kv::Clear{},       kv::Set{"b", "2"}};
  const auto results = node.execute(operations);
  ASSERT_TRUE(results.ok()) << results.status().message();
  ASSERT_EQ(results.value().size(), operations.size());
  EXPECT_EQ(found(results.value()[1]), "1");
  EXPECT_EQ(std::get<kv::Keys>(results.value()[2]).keys, std::vector<std::string>{"a"});
  EXPECT_TRUE(std::get<kv::WasThere>(results.value()[3]).value);
  EXPECT_FALSE(std::get<kv::WasThere>(results.value()[4]).value);
  EXPECT_EQ(std::get<kv::Count>(results.value()[5]).keys, 0U);
  EXPECT_EQ(found(node.execute(kv::Get{"b"}).value()), "2");
}

TEST(OperationCodec, SaysWhichOperationIsNone) {
  const std::string long_key(kv::operation_key_bytes_max + 1, 'k');
  const std::array<Operation, 6> invalid = {
      kv::Set{long_key, ""},  kv::Get{long_key},
      kv::Delete{long_key},   kv::Exists{long_key},
      kv::ListKeys{long_key}, kv::Set{"a", "", std::chrono::milliseconds(0)}};
  for (const Operation& operation : invalid) {
    EXPECT_EQ(check(operation).code(), Code::invalid_argument);
    const std::array<Operation, 2> batch = {kv::Set{"fine", ""}, operation};
    EXPECT_TRUE(check(batch).message().starts_with("operation 2: ")) << check(batch).message();
  }
  EXPECT_TRUE(check(kv::Set{std::string(kv::operation_key_bytes_max, 'k'), ""}).ok());
}

TEST(OperationCodec, RefusesAnswersThatAreNone) {
  const std::array<Operation, 7> all = {kv::Set{},   kv::Get{},  kv::Delete{},  kv::Exists{},
                                        kv::Clear{}, kv::Size{}, kv::ListKeys{}};
  for (const Operation& operation : all) {
    EXPECT_EQ(decode_answer(operation, "").status().code(), Code::corrupted);
    EXPECT_EQ(decode_answer(operation, "\x09").status().code(), Code::corrupted);
  }
  EXPECT_EQ(decode_batch_answer(all, "").status().code(), Code::corrupted);
  EXPECT_EQ(decode_batch_answer(all, std::string(1, '\0')).status().code(), Code::corrupted);
}

}  // namespace
}  // namespace rabia::embedded
