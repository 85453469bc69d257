// Who belongs to the cluster, and how that changes: by a command of the log. protocol.md, section
// 5. Bytes: docs/formats/membership.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/shared_bytes.h"
#include "consensus/configuration.h"
#include "rabia/result.h"

namespace rabia::consensus {

struct MemberEntry {
  ReplicaId id;
  // Where it listens for other replicas; of no meaning to this room. Empty: the start list has it.
  std::string address;
  // A learner executes, and takes no part.
  bool votes = true;
  // Of a learner: it becomes a voter without being asked again as soon as it is near,
  bool promote = false;
  // and takes the place of this voter then; 0: of nobody.
  ReplicaId replaces{};
  friend bool operator==(const MemberEntry&, const MemberEntry&) = default;
};

// "The configuration is X" of section 5, and what goes with it.
struct Membership {
  std::uint64_t number = 0;          // Counts the changes; 0: as founded.
  std::vector<MemberEntry> members;  // By id.
  std::vector<ReplicaId> retired;    // Were members once, by id: no number is given twice.

  [[nodiscard]] const MemberEntry* find(ReplicaId id) const;
  [[nodiscard]] Configuration voters() const;
  friend bool operator==(const Membership&, const Membership&) = default;
};

// All of these vote, and nothing was changed yet.
[[nodiscard]] Membership founded_with(const std::vector<ReplicaId>& members);

inline constexpr std::size_t address_bytes_max = 256;

// Whether `to` may follow `from`: one member at a time, no number anew. Says what is wrong.
[[nodiscard]] Status may_follow(const Membership& from, const Membership& to);

// ---- as the bytes of a batch: a batch of commands begins with another byte (batch.md).
inline constexpr char membership_batch = 2;
[[nodiscard]] base::SharedBytes batch_of(const Membership& membership);
// Empty when the batch is another one. Of a malformed change, which nobody makes: one that may
// follow nothing.
[[nodiscard]] std::optional<Membership> membership_in(std::string_view batch);

void put(base::Encoder& out, const Membership& membership);
[[nodiscard]] Membership take_membership(base::Decoder& in);

// A membership and the round from which its voters are in force.
struct Epoch {
  Round from;
  Membership membership;
  friend bool operator==(const Epoch&, const Epoch&) = default;
};

// What a snapshot says of the members: by number, at least one.
[[nodiscard]] std::string encode_epochs(const std::vector<Epoch>& epochs);
[[nodiscard]] Result<std::vector<Epoch>> decode_epochs(std::string_view bytes);

// C(r): which configuration is in force in which round. A change executed in round c is in force
// from round c + α on, so every round of the window has one. References stay valid for ever.
class ConfigurationHistory {
 public:
  explicit ConfigurationHistory(Membership first) { begin({{Round{}, std::move(first)}}); }

  // Forgets everything, and begins with these (by number): what founders agreed on, or what a
  // snapshot says is in force from its round on. References end.
  void begin(std::vector<Epoch> epochs);
  // A later one, in force from `from` on.
  void add(Epoch epoch);

  [[nodiscard]] const Configuration& at(Round round) const { return *epoch_at(round).voters; }
  // Every configuration in force in some round of the range, each once.
  [[nodiscard]] std::vector<const Configuration*> in_force(RoundRange rounds) const;
  // Those in force in some round from this one on: what a snapshot of the round says.
  [[nodiscard]] std::vector<Epoch> from(Round round) const;
  // The first round after this one in which another configuration comes into force; or `end`.
  [[nodiscard]] Round same_until(Round round, Round end) const;
  // As last changed, though perhaps not in force yet.
  [[nodiscard]] const Membership& latest() const { return epochs_.back().membership; }
  [[nodiscard]] Round latest_from() const { return epochs_.back().from; }

 private:
  struct Known {
    Round from;
    Membership membership;
    std::unique_ptr<const Configuration> voters;
  };
  // Mostly the last one. Before the first one that is known: that one.
  [[nodiscard]] const Known& epoch_at(Round round) const {
    std::size_t at = epochs_.size() - 1;
    while (at > 0 && round < epochs_[at].from) --at;
    return epochs_[at];
  }

  std::vector<Known> epochs_;  // By number; `from` rises.
};

}  // namespace rabia::consensus
