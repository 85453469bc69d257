#include "consensus/founding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace rabia::consensus {
namespace {

// What a member says while it is not founded.
struct Saying {
  ReplicaId from;
  record::Founding what;
};

// Members that found a cluster: each with a log of records, of which the first `durable` are. What
// was ever said may be heard by anyone at any time, and any number of times.
class FoundingWorld {
 public:
  FoundingWorld(std::size_t members, std::vector<ReplicaId> founders, std::uint64_t seed)
      : random_(seed), founders_(std::move(founders)) {
    std::vector<ReplicaId> ids;
    for (std::size_t i = 1; i <= members; ++i) ids.push_back({static_cast<std::uint16_t>(i)});
    start_list_ = std::make_unique<Configuration>(ids);
    for (const ReplicaId id : ids) {
      Member& member = members_.emplace_back();
      member.id = id;
      begin_life(member);
    }
  }

  std::size_t size() const { return members_.size(); }
  std::size_t draw() { return random_.below(members_.size()); }
  base::Random& random() { return random_; }

  // Makes what was written durable, and says it.
  void sync(std::size_t index) {
    Member& member = members_[index];
    if (member.durable == member.log.size()) return;
    member.founding->durable(member.log[member.durable++]);
    said_.push_back({member.id, *member.founding->saying()});
    note_founded(member);
  }
  void hear_anything(std::size_t index) {
    if (!said_.empty()) hear(index, said_[random_.below(said_.size())]);
  }
  // The last thing that each member says, in order: a network without faults.
  void hear_the_latest(std::size_t index) {
    for (const Member& other : members_) {
      if (other.founding->saying()) hear(index, {other.id, *other.founding->saying()});
    }
  }
  // Learns of an incarnation that another member has.
  void meet(std::size_t index, std::size_t other) {
    Member& member = members_[index];
    const FoundingVector& theirs = members_[other].incarnation;
    if (theirs.empty() || !member.incarnation.empty() || member.must_rejoin) return;
    if (member.founding->may_adopt(theirs)) {
      hold(member, theirs);
    } else {
      member.must_rejoin = true;
    }
  }
  void restart(std::size_t index) {
    Member& member = members_[index];
    if (!member.incarnation.empty()) return;  // Then it has a Boot record: nothing to found.
    member.log.resize(member.durable);
    member.must_rejoin = false;
    begin_life(member);
  }
  void lose_memory(std::size_t index) {
    Member& member = members_[index];
    member.log.clear();
    member.durable = 0;
    member.incarnation.clear();
    member.must_rejoin = false;
    begin_life(member);
  }

  const FoundingVector& incarnation(std::size_t index) const { return members_[index].incarnation; }
  bool must_rejoin(std::size_t index) const { return members_[index].must_rejoin; }
  bool all_founded() const {
    return std::all_of(members_.begin(), members_.end(),
                       [](const Member& member) { return !member.incarnation.empty(); });
  }
  // By how many members each incarnation was ever held, also by those that lost it since.
  std::vector<std::size_t> ever_held() const {
    std::vector<std::size_t> counts;
    for (const auto& [incarnation, members] : ever_held_) counts.push_back(members.size());
    return counts;
  }
  std::size_t holders(const FoundingVector& incarnation) const {
    return static_cast<std::size_t>(
        std::count_if(members_.begin(), members_.end(),
                      [&](const Member& member) { return member.incarnation == incarnation; }));
  }

 private:
  struct Member {
    ReplicaId id;
    std::vector<record::Founding> log;
    std::size_t durable = 0;
    std::unique_ptr<Founding> founding;
    FoundingVector incarnation;
    bool must_rejoin = false;
  };

  void begin_life(Member& member) {
    const bool may_found =
        std::find(founders_.begin(), founders_.end(), member.id) != founders_.end();
    member.founding = std::make_unique<Founding>(member.id, *start_list_, may_found, [this] {
      return Nonce{7, ++nonces_};
    });
    for (const record::Founding& record : member.log) member.founding->restore(record);
    if (member.durable > 0) said_.push_back({member.id, *member.founding->saying()});
    if (auto first = member.founding->begin()) member.log.push_back(*first);
  }
  void hear(std::size_t index, const Saying& saying) {
    Member& member = members_[index];
    if (!member.incarnation.empty() || member.must_rejoin) return;
    auto record = member.founding->hear(saying.from, saying.what.nonce, saying.what.said);
    if (record) member.log.push_back(std::move(*record));
    note_founded(member);
  }
  void note_founded(Member& member) {
    if (!member.incarnation.empty()) return;
    if (const auto founded = member.founding->founded()) hold(member, *founded);
  }
  void hold(Member& member, const FoundingVector& incarnation) {
    member.incarnation = incarnation;
    ever_held_[incarnation].insert(member.id);
  }

  base::Random random_;
  std::vector<ReplicaId> founders_;
  std::unique_ptr<Configuration> start_list_;
  std::deque<Member> members_;
  std::vector<Saying> said_;
  std::map<FoundingVector, std::set<ReplicaId>> ever_held_;
  std::uint64_t nonces_ = 0;
};

// Given a network without faults, when everybody hears everybody, then all have one incarnation,
// after three exchanges, and nobody has to rejoin.
TEST(Founding, WithoutFaultsAllMembersAgreeAtOnce) {
  for (std::size_t members = 1; members <= 7; ++members) {
    FoundingWorld world(members, {{1}}, 1);
    for (int exchange = 0; exchange < 3; ++exchange) {
      for (std::size_t i = 0; i < members; ++i) world.sync(i);
      for (std::size_t i = 0; i < members; ++i) world.hear_the_latest(i);
    }
    for (std::size_t i = 0; i < members; ++i) world.meet(i, 0);
    EXPECT_TRUE(world.all_founded()) << members << " members";
    EXPECT_EQ(world.holders(world.incarnation(0)), members);
  }
}

// Given a cluster of one, then it founds itself with its first record: nobody else will speak. (It
// once waited for ever.)
TEST(Founding, AloneAMemberFoundsItself) {
  FoundingWorld world(1, {{1}}, 1);
  EXPECT_TRUE(world.incarnation(0).empty()) << "not before it is durable";
  world.sync(0);
  EXPECT_FALSE(world.incarnation(0).empty());
}

TEST(Founding, WithoutTheOperatorsWordNobodyFounds) {
  FoundingWorld world(3, {}, 1);
  for (int exchange = 0; exchange < 10; ++exchange) {
    for (std::size_t i = 0; i < 3; ++i) {
      world.sync(i);
      world.hear_the_latest(i);
    }
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(world.incarnation(i).empty());
}

// Given a missing member, then the others do not found without it.
TEST(Founding, NeedsEveryMemberOfTheStartList) {
  FoundingWorld world(3, {{1}}, 1);
  for (int exchange = 0; exchange < 10; ++exchange) {
    for (std::size_t i = 0; i < 2; ++i) {
      world.sync(i);
      world.hear_the_latest(i);
    }
  }
  EXPECT_TRUE(world.incarnation(0).empty());
}

// Runs one walk. `losses`: how many members lose their memory on the way.
void walk(FoundingWorld& world, int losses) {
  for (int step = 0; step < 400; ++step) {
    const std::size_t who = world.draw();
    switch (world.random().below(losses > 0 ? 8 : 7)) {
      case 0:
      case 1:
        world.sync(who);
        break;
      case 2:
      case 3:
        world.hear_anything(who);
        break;
      case 4:
        world.hear_the_latest(who);
        break;
      case 5:
        world.meet(who, world.draw());
        break;
      case 6:
        if (world.random().chance(20)) world.restart(who);
        break;
      default:
        if (world.random().chance(5)) {
          world.lose_memory(who);
          --losses;
        }
    }
  }
}

// Given two members with the operator's word, old messages that come again, and restarts between
// writing, saying and founding, when no member loses its memory, then there is one incarnation.
TEST(Founding, RacingFoundersWithRestartsFoundOneIncarnation) {
  std::size_t founded = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const std::size_t members = 1 + seed % 4;
    FoundingWorld world(members, {{1}, {2}}, seed);
    walk(world, 0);
    FoundingVector incarnation;
    for (std::size_t i = 0; i < members; ++i) {
      if (world.incarnation(i).empty()) continue;
      if (incarnation.empty()) incarnation = world.incarnation(i);
      ASSERT_EQ(world.incarnation(i), incarnation) << "seed " << seed;
      ++founded;
    }
  }
  EXPECT_GT(founded, 1000U) << "the walks found nothing: they prove nothing";
}

// Given three members of which one loses its memory, then no two incarnations are ever held by a
// quorum each (section 8: at most f adopters of the older one remain). The walks see what is
// common; sim/explore's bounds `founding-*` see everything.
TEST(Founding, ALostMemoryDoesNotMakeTwoClusters) {
  std::size_t two = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    FoundingWorld world(3, {{1}, {2}, {3}}, seed);
    walk(world, 1);
    const std::vector<std::size_t> held = world.ever_held();
    ASSERT_LE(std::count_if(held.begin(), held.end(), [](std::size_t n) { return n >= 2; }), 1)
        << "seed " << seed;
    if (held.size() > 1) ++two;
  }
  EXPECT_GT(two, 0U) << "the danger was never there: the walks prove nothing";
}

// Given a vector that was said and left, when the nonces are such again, then a new nonce is drawn:
// nobody says a vector a second time.
TEST(Founding, AVectorThatWasLeftIsNeverSaidAgain) {
  std::uint64_t nonces = 0;
  const Configuration both({{1}, {2}});
  Founding founding({1}, both, true, [&] { return Nonce{1, ++nonces}; });
  founding.durable(*founding.begin());
  const auto first = founding.hear({2}, {9, 1}, {});
  ASSERT_TRUE(first.has_value());
  founding.durable(*first);
  const auto second = founding.hear({2}, {9, 2}, {});
  ASSERT_TRUE(second.has_value());
  founding.durable(*second);
  const auto third = founding.hear({2}, {9, 1}, {});  // A message of its earlier life.
  ASSERT_TRUE(third.has_value());
  EXPECT_NE(third->said, first->said);
  EXPECT_NE(third->nonce, first->nonce);
}

// Given a vector that this member said before its last one, then it is not adopted.
TEST(Founding, OnlyTheLastVectorSaidMayBeAdopted) {
  const Configuration both({{1}, {2}});
  Founding founding({1}, both, false, [] { return Nonce{1, 1}; });
  founding.durable(*founding.begin());
  const auto first = founding.hear({2}, {9, 1}, {});
  founding.durable(*first);
  EXPECT_TRUE(founding.may_adopt(first->said));
  const auto second = founding.hear({2}, {9, 2}, {});
  EXPECT_FALSE(founding.may_adopt(first->said)) << "it is leaving it";
  EXPECT_FALSE(founding.may_adopt(second->said)) << "it has not said it yet";
  founding.durable(*second);
  EXPECT_TRUE(founding.may_adopt(second->said));
}

}  // namespace
}  // namespace rabia::consensus
