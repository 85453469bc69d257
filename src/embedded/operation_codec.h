// From an operation of the public interface to bytes, and from an answer to a result.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/store.h"
#include "rabia/kv/operation.h"
#include "rabia/result.h"

namespace rabia::embedded {

// Any thread, but for answer_read().

[[nodiscard]] bool is_read(const kv::Operation& operation);

// Why it is none that can be executed: Code::invalid_argument.
[[nodiscard]] Status check(const kv::Operation& operation);
[[nodiscard]] Status check(std::span<const kv::Operation> operations);

// What the log holds of one that writes, and of several as one.
[[nodiscard]] std::string encode_write(const kv::Operation& operation);
[[nodiscard]] std::string encode_batch(std::span<const kv::Operation> operations);
// What a read is, for answer_read(): at this replica, now. Core thread only.
[[nodiscard]] std::string encode_read(const kv::Operation& operation);
void answer_read(const kv::Store& store, std::string_view read, std::string& out);

// What was answered, by the store or by answer_read(). Code::exhausted: a limit is reached.
[[nodiscard]] Result<kv::Result> decode_answer(const kv::Operation& operation,
                                               std::string_view answer);
[[nodiscard]] Result<std::vector<kv::Result>> decode_batch_answer(
    std::span<const kv::Operation> operations, std::string_view answer);

// Of several writes as one, of which nobody wants the answers: whether they were executed.
[[nodiscard]] Status check_written(std::string_view answer);

}  // namespace rabia::embedded
