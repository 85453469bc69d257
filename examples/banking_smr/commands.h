// What a bank can be told and asked, and what it answers: as types, and as the text of the log.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rabia/ids.h"
#include "rabia/result.h"

namespace banking_smr {

// Money is whole cents; it is never rounded.
using Cents = std::int64_t;

// Numbered from 1 in the order of the log, so they are the same at all replicas.
struct AccountId {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(AccountId, AccountId) = default;
};
struct TransactionId {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(TransactionId, TransactionId) = default;
};

// Names of clients and of owners: 1 to name_bytes_max printable ASCII characters without a space.
inline constexpr std::size_t name_bytes_max = 32;
// Any command is shorter; what is longer is none.
inline constexpr std::size_t command_bytes_max = 256;

// --- What changes the bank. A request says who makes it, and which of its own requests it is: when
// its outcome is unknown, the same is sent again with the same number, and counts once.

struct RequestId {
  std::string client;        // A name that nobody else uses.
  std::uint64_t number = 0;  // Each request of a client has a higher one than the last.
};
struct CreateAccount {
  std::string owner;
};
struct Deposit {
  AccountId account;
  Cents amount = 0;
};
struct Withdraw {
  AccountId account;
  Cents amount = 0;
};
struct Transfer {
  AccountId from;
  AccountId to;
  Cents amount = 0;
};
using Change = std::variant<CreateAccount, Deposit, Withdraw, Transfer>;
struct Request {
  RequestId id;
  Change change;
};

// --- What looks at it.

struct GetBalance {
  AccountId account;
};
struct GetHistory {
  AccountId account;
};
struct GetStatistics {};
using Query = std::variant<GetBalance, GetHistory, GetStatistics>;

using Command = std::variant<Request, Query>;

// --- Answers

// Of a change that was made.
struct Receipt {
  TransactionId transaction{};
  AccountId account;  // That was created, or whose money it is: of a transfer, who sent.
  Cents balance = 0;  // Of that account, afterwards.
  rabia::LogTime time{};

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

enum class Kind : std::uint8_t { opened, deposit, withdrawal, sent, received };
[[nodiscard]] std::string_view name_of(Kind kind);

struct HistoryEntry {
  TransactionId transaction{};
  rabia::LogTime time{};
  Kind kind = Kind::opened;
  Cents amount = 0;
  AccountId other{};  // From whom it was received, or to whom it was sent; else 0.
  Cents balance = 0;  // Afterwards.

  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};
using History = std::vector<HistoryEntry>;  // The oldest first.

struct Statistics {
  std::uint64_t accounts = 0;
  std::uint64_t transactions = 0;  // All changes that were made.
  std::uint64_t transfers = 0;     // Of these.
  Cents deposited = 0;             // Ever.
  Cents withdrawn = 0;
  Cents held = 0;  // By all accounts: deposited - withdrawn.

  friend bool operator==(const Statistics&, const Statistics&) = default;
};

// --- As text: "deposit CLIENT NUMBER ACCOUNT CENTS" and so on; README.md has all of it. Equal
// things are equal bytes. Answers are "ok ..." or "error CODE why".

[[nodiscard]] std::string encode(const Request& request);
[[nodiscard]] std::string encode(const Query& query);
// Code::invalid_argument: not a command; the message says what was expected. `bytes` may be any.
[[nodiscard]] rabia::Result<Command> decode_command(std::string_view bytes);

[[nodiscard]] std::string encode_answer(const rabia::Status& error);
[[nodiscard]] std::string encode_answer(const rabia::Result<Receipt>& answer);
[[nodiscard]] std::string encode_answer(const rabia::Result<Cents>& answer);
[[nodiscard]] std::string encode_answer(const rabia::Result<History>& answer);
[[nodiscard]] std::string encode_answer(const Statistics& answer);
// The answer, or the error that it is. Code::corrupted: it is no such answer.
[[nodiscard]] rabia::Result<Receipt> decode_receipt(std::string_view bytes);
[[nodiscard]] rabia::Result<Cents> decode_balance(std::string_view bytes);
[[nodiscard]] rabia::Result<History> decode_history(std::string_view bytes);
[[nodiscard]] rabia::Result<Statistics> decode_statistics(std::string_view bytes);

// One entry, as it stands in answers and in the state of the bank.
class Words;
[[nodiscard]] std::string encode_entry(const HistoryEntry& entry);
[[nodiscard]] HistoryEntry read_entry(Words& words);  // `words` knows whether it was one.

}  // namespace banking_smr
