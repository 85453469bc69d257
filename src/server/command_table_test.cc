#include "server/command_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "server/command_reply.h"
#include "server/text.h"

namespace rabia::server {
namespace {

using Words = std::vector<std::string_view>;

std::vector<const Command*> all_rows() {
  std::vector<const Command*> rows = CommandTable::instance().commands();
  for (const Command* command : CommandTable::instance().commands()) {
    for (const Command& subcommand : command->subcommands) rows.push_back(&subcommand);
  }
  return rows;
}

std::string error_of(const Words& words) {
  std::string error;
  EXPECT_EQ(CommandTable::instance().resolve(words, error), nullptr);
  return error;
}

// Given every row, then it says how it is executed, in exactly one way, and who it is for.
TEST(CommandTable, EveryRowIsComplete) {
  for (const Command* row : all_rows()) {
    SCOPED_TRACE(row->name);
    const int handlers = (row->local != nullptr) + (row->deferred != nullptr) +
                         (row->read != nullptr) + (row->write != nullptr);
    EXPECT_TRUE(handlers == 1 || (handlers == 0 && !row->subcommands.empty()));
    EXPECT_NE(row->arity, 0);
    EXPECT_TRUE(std::ranges::all_of(row->name, [](char c) { return lower_case(c) == c; }));
    EXPECT_FALSE(row->summary.empty());
    EXPECT_FALSE(row->since.empty());
    EXPECT_FALSE(row->group.empty());
    EXPECT_FALSE(row->complexity.empty());
  }
}

// Given every row, then its flags agree with the way it is executed: a write is one by its flag.
TEST(CommandTable, FlagsAgreeWithHandlers) {
  for (const Command* row : all_rows()) {
    SCOPED_TRACE(row->name);
    EXPECT_EQ(row->write != nullptr, (row->flags & (flag::write | flag::may_replicate)) != 0);
    // WATCH reads, but for a transaction.
    EXPECT_TRUE(row->read == nullptr || (row->flags & flag::readonly) != 0 || row->name == "watch");
    EXPECT_EQ(row->keys.first > 0, !row->key_flags.empty());
    EXPECT_EQ(row->keys.first > 0, row->keys.step > 0);
  }
}

// Given rows by their small numbers, then each has its own and comes back.
TEST(CommandTable, IndexesNameRows) {
  const CommandTable& table = CommandTable::instance();
  std::set<std::size_t> indexes;
  for (const Command* row : table.commands()) {
    indexes.insert(row->index);
    EXPECT_EQ(&table.at(row->index), row);
  }
  EXPECT_EQ(indexes.size(), table.commands().size());
}

// Given names in any case, when looked up, then found; given longer or other ones, then not.
TEST(CommandTable, FindsNamesInAnyCase) {
  const CommandTable& table = CommandTable::instance();
  ASSERT_NE(table.find("gEt"), nullptr);
  EXPECT_EQ(table.find("gEt")->name, "get");
  EXPECT_EQ(table.find("CLIENT|Id")->name, "client|id");
  EXPECT_EQ(table.find("gett"), nullptr);
  EXPECT_EQ(table.find(std::string(1000, 'g')), nullptr);
}

// Given calls that fit no row, when resolved, then the words of Redis 7.
TEST(CommandTable, NamesErrorsAsRedisDoes) {
  EXPECT_EQ(error_of({"nope"}), "ERR unknown command 'nope', with args beginning with: ");
  EXPECT_EQ(error_of({"nope", "a", "b"}),
            "ERR unknown command 'nope', with args beginning with: 'a' 'b' ");
  EXPECT_EQ(error_of({"client|id"}), "ERR unknown command 'client|id', with args beginning with: ");
  EXPECT_EQ(error_of({"Client", "nope"}), "ERR unknown subcommand 'nope'. Try CLIENT HELP.");
  EXPECT_EQ(error_of({"GET"}), "ERR wrong number of arguments for 'get' command");
  EXPECT_EQ(error_of({"client", "id", "x"}),
            "ERR wrong number of arguments for 'client|id' command");
}

// Given very long words, when refused, then 128 bytes of the name and of all arguments are
// repeated.
TEST(CommandTable, RepeatsOnlyTheBeginningOfLongWords) {
  const std::string x(200, 'x');
  const std::string y(100, 'y');
  EXPECT_EQ(error_of({x, y, y, y}), "ERR unknown command '" + std::string(128, 'x') +
                                        "', with args beginning with: '" + y + "' '" +
                                        std::string(25, 'y') + "' ");
}

// Given key positions of each shape, when keys are looked for, then those arguments.
TEST(CommandTable, FindsKeys) {
  const auto keys_of = [](const Words& words) {
    Words keys;
    find_keys(*CommandTable::instance().find_for(words), words, keys);
    return keys;
  };
  EXPECT_EQ(keys_of({"get", "a"}), (Words{"a"}));
  EXPECT_EQ(keys_of({"del", "a", "b", "c"}), (Words{"a", "b", "c"}));
  EXPECT_EQ(keys_of({"mset", "a", "1", "b", "2"}), (Words{"a", "b"}));
  EXPECT_EQ(keys_of({"ping", "a"}), Words{});
  EXPECT_EQ(keys_of({"get"}), Words{});
}

// Given flags, when ACL categories are asked for, then those that Redis derives too.
TEST(CommandTable, DerivesCategoriesFromFlags) {
  EXPECT_EQ(acl_categories(*CommandTable::instance().find("get")),
            (Words{"@read", "@string", "@fast"}));
  EXPECT_EQ(acl_categories(*CommandTable::instance().find("flushall")),
            (Words{"@keyspace", "@write", "@slow", "@dangerous"}));
  EXPECT_EQ(acl_categories(*CommandTable::instance().find("client|kill")),
            (Words{"@admin", "@slow", "@dangerous", "@connection"}));
}

}  // namespace
}  // namespace rabia::server
