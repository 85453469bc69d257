// The state of a bank as bytes: lines of words, in the order of ids and of names.
//
//   bank 1                                                   the version of this format
//   book ACCOUNTS TRANSACTIONS TRANSFERS DEPOSITED WITHDRAWN CLIENTS
//   account BALANCE DAY WITHDRAWN ENTRIES OWNER              for each account
//   TRANSACTION TIME KIND AMOUNT OTHER BALANCE               for each of its entries
//   client NUMBER TIME NAME                                  for each client, and two more lines:
//   its last command
//   its answer
#include <algorithm>

#include "banking_smr/bank.h"
#include "banking_smr/words.h"

namespace banking_smr {
namespace {

using rabia::Code;
using rabia::Result;
using rabia::Status;

constexpr int format_version = 1;

// Reads text line by line; each line ends with "\n".
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // The next line. When there is none the whole is damaged, and nothing more is read.
  std::string_view next() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) {
      damaged_ = true;
      rest_ = {};
      return {};
    }
    ++number_;
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }
  // The next line, which begins with this word.
  Words next(std::string_view word) {
    Words words(next());
    if (words.word() != word) damaged_ = true;
    return words;
  }
  // Of a line: nothing may be left of it.
  void end(const Words& words) {
    if (!words.ended()) damaged_ = true;
  }
  [[nodiscard]] bool damaged() const { return damaged_; }
  [[nodiscard]] bool ended() const { return !damaged_ && rest_.empty(); }
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
  bool damaged_ = false;
};

}  // namespace

std::string Bank::save() const {
  std::string out = line_of("bank", format_version) + '\n';
  out += line_of("book", state_.accounts.size(), state_.transactions, state_.transfers,
                 state_.deposited, state_.withdrawn, state_.clients.size()) +
         '\n';
  for (const Account& account : state_.accounts) {
    out += line_of("account", account.balance, account.withdrawal_day, account.withdrawn_that_day,
                   account.history.size(), account.owner) +
           '\n';
    for (const HistoryEntry& entry : account.history) out += encode_entry(entry) + '\n';
  }
  for (const auto& [name, client] : state_.clients) {
    out += line_of("client", client.number, client.time, name) + '\n';
    out += client.command + '\n' + client.answer + '\n';
  }
  return out;
}

Result<Bank::State> Bank::parse(std::string_view bytes) {
  Lines lines(bytes);
  Words head = lines.next("bank");
  const int version = head.number<int>();
  lines.end(head);
  if (!lines.damaged() && version != format_version) {
    return {Code::corrupted, "the state of a bank has format version " + std::to_string(version) +
                                 " instead of " + std::to_string(format_version)};
  }
  State state;
  Words book = lines.next("book");
  const auto accounts = book.number<std::uint64_t>();
  state.transactions = book.number<std::uint64_t>();
  state.transfers = book.number<std::uint64_t>();
  state.deposited = book.number<Cents>();
  state.withdrawn = book.number<Cents>();
  const auto clients = book.number<std::uint64_t>();
  lines.end(book);
  for (std::uint64_t i = 0; i < accounts && !lines.damaged(); ++i) {
    Account& account = state.accounts.emplace_back();
    Words words = lines.next("account");
    account.balance = words.number<Cents>();
    account.withdrawal_day = words.number<std::uint64_t>();
    account.withdrawn_that_day = words.number<Cents>();
    const auto entries = words.number<std::uint64_t>();
    account.owner = std::string(words.word());
    lines.end(words);
    for (std::uint64_t entry = 0; entry < entries && !lines.damaged(); ++entry) {
      Words line(lines.next());
      account.history.push_back(read_entry(line));
      lines.end(line);
    }
  }
  for (std::uint64_t i = 0; i < clients && !lines.damaged(); ++i) {
    Client client;
    Words words = lines.next("client");
    client.number = words.number<std::uint64_t>();
    client.time.value = words.number<std::uint64_t>();
    const std::string name(words.word());
    lines.end(words);
    client.command = std::string(lines.next());
    client.answer = std::string(lines.next());
    state.clients.emplace(name, std::move(client));
  }
  if (lines.ended() && state.clients.size() == clients) return state;
  return {Code::corrupted,
          "not the state of a bank: see line " + std::to_string(lines.number()) + " of it"};
}

Status Bank::load(std::string_view bytes) {
  Result<State> parsed = parse(bytes);
  if (!parsed.ok()) return parsed.status();
  if (Status audited = audit(parsed.value()); !audited.ok()) {
    return {Code::corrupted, "the state of a bank that does not add up: " + audited.message()};
  }
  state_ = parsed.take();
  clients_by_time_.clear();
  for (const auto& [name, client] : state_.clients) clients_by_time_.emplace(client.time, name);
  return {};
}

}  // namespace banking_smr
