#include "rabia/check_deterministic.h"

#include <gtest/gtest.h>

#include <chrono>

#include "library/testing/notes.h"

namespace rabia {
namespace {

using testing::Notes;

std::vector<std::string> some_commands() {
  std::vector<std::string> commands;
  for (int i = 0; i < 100; ++i) commands.push_back("note " + std::to_string(i));
  return commands;
}

template <typename Machine>
Status check() {
  return check_deterministic([] { return std::make_unique<Machine>(); }, some_commands());
}

TEST(CheckDeterministic, PassesWhatIs) {
  EXPECT_TRUE(check<Notes>().ok());
}

// Given a machine whose answers depend on something outside, then it is found and named.
TEST(CheckDeterministic, FindsAnAnswerFromOutside) {
  struct Outside : Notes {
    std::string execute(const ApplyContext& context, std::string_view command) override {
      static int calls = 0;
      Notes::execute(context, command);
      return std::to_string(++calls);
    }
  };
  const Status status = check<Outside>();
  EXPECT_EQ(status.code(), Code::failed_precondition);
  EXPECT_NE(status.message().find("command 1, "), std::string::npos) << status.message();
}

// Given a machine that asks a clock of whole seconds, in its answers or only in its state, then it
// is found, and the message asks for the clock.
TEST(CheckDeterministic, FindsAClockOfSeconds) {
  static std::chrono::steady_clock::time_point began;
  // One that shows another second as late as it can.
  struct Seconds : Notes {
    static std::string seconds() {
      const auto passed = std::chrono::steady_clock::now() - began;
      return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(passed).count());
    }
  };
  struct Answers : Seconds {
    std::string execute(const ApplyContext& context, std::string_view command) override {
      return Notes::execute(context, command) + " at " + seconds();
    }
  };
  struct Notices : Seconds {
    std::string execute(const ApplyContext& context, std::string_view) override {
      return Notes::execute(context, seconds());
    }
  };
  for (const auto& check_one : {check<Answers>, check<Notices>}) {
    began = std::chrono::steady_clock::now();
    const Status status = check_one();
    EXPECT_EQ(status.code(), Code::failed_precondition);
    EXPECT_NE(status.message().find("is there a clock?"), std::string::npos) << status.message();
  }
}

// Given a machine whose chance, time and origin are the context's, then it is deterministic.
TEST(CheckDeterministic, TheContextIsNotOutside) {
  struct OfTheContext : Notes {
    std::string execute(const ApplyContext& context, std::string_view) override {
      return Notes::execute(context, std::to_string(context.random().below(1000)) + " " +
                                         std::to_string(context.time.value) + " " +
                                         std::to_string(context.origin.value));
    }
  };
  EXPECT_TRUE(check<OfTheContext>().ok());
}

// Given a part of the state that is not saved, then the snapshot is found to lack it.
TEST(CheckDeterministic, FindsWhatASnapshotLoses) {
  struct Forgetful : Notes {
    int since = 0;
    std::string execute(const ApplyContext& context, std::string_view command) override {
      Notes::execute(context, command);
      return std::to_string(++since);
    }
  };
  EXPECT_EQ(check<Forgetful>().code(), Code::failed_precondition);
}

// Given a state that is loaded otherwise than it was saved, then it is found.
TEST(CheckDeterministic, FindsASnapshotThatLoadsAsAnother) {
  struct Reversing : Notes {
    Status load(std::string_view bytes) override {
      Status loaded = Notes::load(bytes);
      std::reverse(notes.begin(), notes.end());
      return loaded;
    }
  };
  EXPECT_NE(check<Reversing>().message().find("the snapshot is another one"), std::string::npos);
}

// Given a machine that refuses what it saved, then its own words are in the message.
TEST(CheckDeterministic, FindsASnapshotThatIsRefused) {
  struct Refusing : Notes {
    Status load(std::string_view) override { return {Code::corrupted, "I do not know this"}; }
  };
  EXPECT_NE(check<Refusing>().message().find("I do not know this"), std::string::npos);
}

}  // namespace
}  // namespace rabia
