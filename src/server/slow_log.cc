#include "server/slow_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/codec.h"
#include "server/text.h"

namespace rabia::server {
namespace {

constexpr std::size_t arguments_max = 32;
constexpr std::size_t argument_bytes_max = 128;
constexpr std::string_view redacted = "(redacted)";

// The last place is for the words that say how many there are more.
constexpr std::size_t shown_of(std::size_t arguments) {
  return arguments > arguments_max ? arguments_max - 1 : arguments;
}

// The first argument that is secret, and how many are from there on.
struct Secret {
  std::size_t first = 0;
  std::size_t count = 0;
};

Secret secret_of(const Command& command, Arguments arguments) {
  if (command.name == "auth") return {1, arguments.size() - 1};
  if (command.name == "config|set") {
    for (std::size_t i = 2; i + 1 < arguments.size(); i += 2) {
      if (equals_ignoring_case(arguments[i], "requirepass")) return {i + 1, 1};
    }
  }
  if (command.name == "hello") {
    for (std::size_t i = 2; i < arguments.size(); ++i) {
      if (equals_ignoring_case(arguments[i], "auth")) return {i + 1, 2};
    }
  }
  return {};
}

}  // namespace

void SlowLog::set_entries_max(std::uint64_t entries_max) {
  entries_max_ = entries_max;
  if (entries_.size() > entries_max_) entries_.resize(entries_max_);
}

void SlowLog::note(SlowCommand command) {
  command.id = next_id_++;
  entries_.push_front(std::move(command));
  if (entries_.size() > entries_max_) entries_.pop_back();
}

// The number of arguments, the sizes of those that are shown, and then of each the first bytes.
void keep_arguments(const Command& command, Arguments arguments, std::string& out) {
  const Secret secret = secret_of(command, arguments);
  const std::size_t shown = shown_of(arguments.size());
  const auto shown_argument = [&](std::size_t i) {
    const bool hidden = i >= secret.first && i - secret.first < secret.count;
    return hidden ? redacted : arguments[i];
  };
  std::array<std::uint32_t, arguments_max + 1> header;
  header[0] = static_cast<std::uint32_t>(arguments.size());
  for (std::size_t i = 0; i < shown; ++i) {
    header[i + 1] = static_cast<std::uint32_t>(shown_argument(i).size());
  }
  out.append(reinterpret_cast<const char*>(header.data()), (shown + 1) * sizeof header[0]);
  for (std::size_t i = 0; i < shown; ++i) {
    out.append(shown_argument(i).substr(0, argument_bytes_max));
  }
}

std::vector<std::string> kept_arguments(std::string_view kept) {
  base::Decoder in(kept);
  const std::size_t count = in.fixed<std::uint32_t>();
  std::vector<std::size_t> sizes(shown_of(count));
  for (std::size_t& size : sizes) size = in.fixed<std::uint32_t>();
  std::vector<std::string> arguments;
  for (const std::size_t size : sizes) {
    std::string& argument = arguments.emplace_back(in.raw(std::min(size, argument_bytes_max)));
    if (size > argument.size()) {
      argument += "... (" + std::to_string(size - argument.size()) + " more bytes)";
    }
  }
  if (count > sizes.size()) {
    arguments.push_back("... (" + std::to_string(count - sizes.size()) + " more arguments)");
  }
  return arguments;
}

void hide_secrets(const Command& command, Arguments arguments,
                  std::vector<std::string_view>& shown) {
  shown.assign(arguments.begin(), arguments.end());
  const Secret secret = secret_of(command, arguments);
  const std::size_t end = std::min(secret.first + secret.count, shown.size());
  for (std::size_t i = secret.first; i < end; ++i) shown[i] = redacted;
}

}  // namespace rabia::server
