#include "banking_smr/commands.h"

#include <algorithm>
#include <array>
#include <utility>

#include "banking_smr/words.h"

namespace banking_smr {
namespace {

using rabia::Code;
using rabia::Result;
using rabia::Status;

constexpr std::array<std::string_view, 5> kind_names = {"opened", "deposit", "withdrawal", "sent",
                                                        "received"};

// The codes of the errors that a bank answers.
constexpr std::array error_codes = {Code::invalid_argument, Code::not_found, Code::already_exists,
                                    Code::failed_precondition, Code::exhausted};

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max &&
         std::ranges::all_of(name, [](char each) { return each > ' ' && each <= '~'; });
}

AccountId read_account(Words& words) {
  return {words.number<std::uint64_t>()};
}

Status malformed(std::string_view expected) {
  return {Code::invalid_argument, "malformed: say " + std::string(expected)};
}

// The rest of a request, behind its verb.
Result<Command> decode_request(std::string_view verb, Words words, std::string_view expected) {
  Request request;
  request.id.client = std::string(words.word());
  request.id.number = words.number<std::uint64_t>();
  bool names_are_good = is_name(request.id.client);
  if (verb == "create") {
    CreateAccount create{std::string(words.word())};
    names_are_good = names_are_good && is_name(create.owner);
    request.change = std::move(create);
  } else if (verb == "transfer") {
    const AccountId from = read_account(words);
    const AccountId to = read_account(words);
    request.change = Transfer{from, to, words.number<Cents>()};
  } else {
    const AccountId account = read_account(words);
    const Cents amount = words.number<Cents>();
    if (verb == "deposit") {
      request.change = Deposit{account, amount};
    } else {
      request.change = Withdraw{account, amount};
    }
  }
  if (!words.ended()) return malformed(expected);
  if (!names_are_good) {
    return {Code::invalid_argument, "a name is 1 to " + std::to_string(name_bytes_max) +
                                        " printable ASCII characters without a space"};
  }
  return Command(std::move(request));
}

Result<Command> decode_query(std::string_view verb, Words words, std::string_view expected) {
  Query query = GetStatistics{};
  if (verb == "balance") query = GetBalance{read_account(words)};
  if (verb == "history") query = GetHistory{read_account(words)};
  if (!words.ended()) return malformed(expected);
  return Command(query);
}

// The words of an answer behind its "ok", or the error that it is.
Result<Words> open_answer(std::string_view bytes) {
  Words words(bytes);
  const std::string_view first = words.word();
  if (first == "ok") return words;
  const std::string_view name = words.word();
  const auto code = std::ranges::find(error_codes, name, rabia::name_of);
  if (first != "error" || code == error_codes.end()) {
    return {Code::corrupted, "not an answer of a bank: '" + std::string(bytes.substr(0, 80)) + "'"};
  }
  return {*code, std::string(words.rest())};
}

template <typename Answer, typename Read>
Result<Answer> decode_answer(std::string_view bytes, Read read) {
  Result<Words> opened = open_answer(bytes);
  if (!opened.ok()) return opened.status();
  Words words = opened.take();
  Answer answer = read(words);
  if (words.ended()) return answer;
  return {Code::corrupted, "not the answer of a bank to this: another version of it may run here"};
}

}  // namespace

std::string_view name_of(Kind kind) {
  return kind_names.at(static_cast<std::size_t>(kind));
}

std::string encode(const Request& request) {
  const RequestId& id = request.id;
  return std::visit(Overloaded{[&](const CreateAccount& create) {
                                 return line_of("create", id.client, id.number, create.owner);
                               },
                               [&](const Deposit& deposit) {
                                 return line_of("deposit", id.client, id.number, deposit.account,
                                                deposit.amount);
                               },
                               [&](const Withdraw& withdraw) {
                                 return line_of("withdraw", id.client, id.number, withdraw.account,
                                                withdraw.amount);
                               },
                               [&](const Transfer& transfer) {
                                 return line_of("transfer", id.client, id.number, transfer.from,
                                                transfer.to, transfer.amount);
                               }},
                    request.change);
}

std::string encode(const Query& query) {
  return std::visit(
      Overloaded{[](const GetBalance& get) { return line_of("balance", get.account); },
                 [](const GetHistory& get) { return line_of("history", get.account); },
                 [](const GetStatistics&) { return std::string("statistics"); }},
      query);
}

Result<Command> decode_command(std::string_view bytes) {
  if (bytes.size() > command_bytes_max) {
    return {Code::invalid_argument,
            "a command has at most " + std::to_string(command_bytes_max) + " bytes"};
  }
  Words words(bytes);
  const std::string_view verb = words.word();
  if (verb == "create") return decode_request(verb, words, "create CLIENT NUMBER OWNER");
  if (verb == "deposit") return decode_request(verb, words, "deposit CLIENT NUMBER ACCOUNT CENTS");
  if (verb == "withdraw") {
    return decode_request(verb, words, "withdraw CLIENT NUMBER ACCOUNT CENTS");
  }
  if (verb == "transfer") {
    return decode_request(verb, words, "transfer CLIENT NUMBER FROM TO CENTS");
  }
  if (verb == "balance") return decode_query(verb, words, "balance ACCOUNT");
  if (verb == "history") return decode_query(verb, words, "history ACCOUNT");
  if (verb == "statistics") return decode_query(verb, words, "statistics");
  return {Code::invalid_argument,
          "not a command: say create, deposit, withdraw, transfer, balance, history or statistics"};
}

std::string encode_answer(const Status& error) {
  return line_of("error", rabia::name_of(error.code()), error.message());
}

std::string encode_answer(const Result<Receipt>& answer) {
  if (!answer.ok()) return encode_answer(answer.status());
  const Receipt& receipt = answer.value();
  return line_of("ok", receipt.transaction, receipt.account, receipt.balance, receipt.time);
}

std::string encode_answer(const Result<Cents>& answer) {
  return answer.ok() ? line_of("ok", answer.value()) : encode_answer(answer.status());
}

std::string encode_answer(const Result<History>& answer) {
  if (!answer.ok()) return encode_answer(answer.status());
  std::string text = line_of("ok", answer.value().size());
  for (const HistoryEntry& entry : answer.value()) text += ' ' + encode_entry(entry);
  return text;
}

std::string encode_answer(const Statistics& answer) {
  return line_of("ok", answer.accounts, answer.transactions, answer.transfers, answer.deposited,
                 answer.withdrawn, answer.held);
}

Result<Receipt> decode_receipt(std::string_view bytes) {
  return decode_answer<Receipt>(bytes, [](Words& words) {
    Receipt receipt;
    receipt.transaction.value = words.number<std::uint64_t>();
    receipt.account.value = words.number<std::uint64_t>();
    receipt.balance = words.number<Cents>();
    receipt.time.value = words.number<std::uint64_t>();
    return receipt;
  });
}

Result<Cents> decode_balance(std::string_view bytes) {
  return decode_answer<Cents>(bytes, [](Words& words) { return words.number<Cents>(); });
}

Result<History> decode_history(std::string_view bytes) {
  return decode_answer<History>(bytes, [](Words& words) {
    History history;
    const auto entries = words.number<std::uint64_t>();
    for (std::uint64_t i = 0; i < entries && words.well_formed(); ++i) {
      history.push_back(read_entry(words));
    }
    return history;
  });
}

Result<Statistics> decode_statistics(std::string_view bytes) {
  return decode_answer<Statistics>(bytes, [](Words& words) {
    Statistics statistics;
    statistics.accounts = words.number<std::uint64_t>();
    statistics.transactions = words.number<std::uint64_t>();
    statistics.transfers = words.number<std::uint64_t>();
    statistics.deposited = words.number<Cents>();
    statistics.withdrawn = words.number<Cents>();
    statistics.held = words.number<Cents>();
    return statistics;
  });
}

std::string encode_entry(const HistoryEntry& entry) {
  return line_of(entry.transaction, entry.time, name_of(entry.kind), entry.amount, entry.other,
                 entry.balance);
}

HistoryEntry read_entry(Words& words) {
  HistoryEntry entry;
  entry.transaction.value = words.number<std::uint64_t>();
  entry.time.value = words.number<std::uint64_t>();
  const auto kind = std::ranges::find(kind_names, words.word());
  if (kind == kind_names.end()) {
    words.refuse();
  } else {
    entry.kind = static_cast<Kind>(kind - kind_names.begin());
  }
  entry.amount = words.number<Cents>();
  entry.other.value = words.number<std::uint64_t>();
  entry.balance = words.number<Cents>();
  return entry;
}

}  // namespace banking_smr
