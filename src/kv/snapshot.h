// The state of the store as a stream of bytes, written and taken in piece by piece:
// docs/formats/store-state.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kv/cut.h"
#include "kv/draft.h"
#include "kv/store.h"
#include "rabia/result.h"
#include "rabia/state_machine.h"

namespace rabia::kv {

inline constexpr std::uint32_t state_format_version = 4;

// See SnapshotReader. `store` outlives it.
class StoreSnapshotReader final : public SnapshotReader {
 public:
  explicit StoreSnapshotReader(Store& store) : cut_(store) {}
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override;

 private:
  enum class Part : std::uint8_t { header, entries, end, nothing };

  void write_header(std::string& out);
  void write_entries(std::uint64_t budget, std::string& out);
  void write_end(std::string& out) const;

  Cut cut_;
  Part part_ = Part::header;
  std::size_t written_ = 0;  // Of the key and value of the entry at the cursor.
};

// See SnapshotLoader. `store` outlives it.
class StoreSnapshotLoader final : public SnapshotLoader {
 public:
  explicit StoreSnapshotLoader(Store& store) : store_(store), draft_(store) {}
  // Bytes behind its end are refused by finish(), unless they are taken before.
  Status add(std::string_view bytes) override;
  Status finish() override;
  // The stream has ended, and everything in it is right: finish() will not fail.
  [[nodiscard]] Status check();
  [[nodiscard]] bool ended() const { return part_ == Part::nothing; }
  // What came behind the end.
  [[nodiscard]] std::string take_rest() { return std::exchange(waiting_, {}); }

 private:
  enum class Part : std::uint8_t { header, entry, value, end, nothing };
  enum class Step : std::uint8_t { done, needs_more, refused };

  // Each takes one part from the front of `in`, or nothing.
  Step take(std::string_view& in);
  Step take_header(std::string_view& in);
  Step take_entry(std::string_view& in);
  Step take_value(std::string_view& in);
  Step take_end(std::string_view& in);
  Part after_entry() const;
  Step refuse(const std::string& what);

  Store& store_;
  Draft draft_;
  Part part_ = Part::header;
  std::string waiting_;              // The beginning of a part whose rest has not come.
  std::uint64_t offset_ = 0;         // Of the next part in the stream.
  std::uint64_t entries_ = 0;        // How many the header promises.
  History history_;                  // As the header says.
  std::uint64_t value_missing_ = 0;  // Bytes of the last value that have not come.
  StateDigest digest_;               // What the stream says.
  Status failure_;                   // Once refused, always refused.
};

// Several stores as one state: their streams one behind the other.
class StoresSnapshotReader final : public SnapshotReader {
 public:
  explicit StoresSnapshotReader(std::span<Store* const> stores);
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override;

 private:
  std::vector<std::unique_ptr<StoreSnapshotReader>> readers_;
  std::size_t next_ = 0;
};

class StoresSnapshotLoader final : public SnapshotLoader {
 public:
  // `replaced` is called when the stores have the new contents.
  StoresSnapshotLoader(std::span<Store* const> stores, std::function<void()> replaced);
  Status add(std::string_view bytes) override;
  Status finish() override;

 private:
  std::vector<std::unique_ptr<StoreSnapshotLoader>> loaders_;
  std::function<void()> replaced_;
  std::size_t next_ = 0;
};

}  // namespace rabia::kv
