// Replies as bytes, in the version of the protocol that the client asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rabia::resp {

enum class Protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

// Appends to a string that the caller owns and that outlives the writer. What RESP2 has no type for
// is written as Redis writes it there: a map as a flat array, a double as a bulk string, and so on.
// After array(n), map(n), set(n) or push(n) the caller writes n elements (a map: n pairs).
class ReplyWriter {
 public:
  ReplyWriter(std::string& out, Protocol protocol) : out_(&out), protocol_(protocol) {}

  void set_protocol(Protocol protocol) { protocol_ = protocol; }
  [[nodiscard]] Protocol protocol() const { return protocol_; }

  void ok() { simple("OK"); }
  void simple(std::string_view text);
  // `text` begins with its code ("ERR …"). Line ends in it become spaces: it may quote a client.
  void error(std::string_view text);
  void integer(std::int64_t value);
  void bulk(std::string_view bytes);
  void null();
  void null_array();
  void array(std::size_t count) { header('*', count); }
  void map(std::size_t pairs);
  void set(std::size_t count);
  void push(std::size_t count);
  void double_value(double value);
  void boolean(bool value);
  // One whole reply that was written elsewhere, in the same version of the protocol.
  void written(std::string_view reply) { out_->append(reply); }
  // `format` has three letters: "txt" or "mkd".
  void verbatim(std::string_view text, std::string_view format = "txt");

 private:
  [[nodiscard]] bool resp3() const { return protocol_ == Protocol::resp3; }
  void header(char type, std::uint64_t count);
  void line(char type, std::string_view text);

  std::string* out_;
  Protocol protocol_;
};

}  // namespace rabia::resp
