#include "replica/snapshot_point.h"

#include <utility>

#include "base/codec.h"

namespace rabia::replica {

std::string encode_members(const consensus::Configuration& configuration) {
  std::string bytes;
  base::Encoder out(bytes);
  out.varint(configuration.size());
  for (const ReplicaId member : configuration.members()) out.varint(member.value);
  return bytes;
}

Result<consensus::SnapshotPoint> point_of(const storage::SnapshotHeader& header) {
  consensus::SnapshotPoint point{{header.round}, {}};
  base::Decoder in(header.extra);
  for (std::uint64_t left = in.varint_at_most(consensus::members_max); left > 0; --left) {
    point.members.push_back({static_cast<std::uint16_t>(in.varint_at_most(0xffff))});
  }
  if (!in.complete()) return {Code::corrupted, "its list of members cannot be read"};
  return point;
}

}  // namespace rabia::replica
