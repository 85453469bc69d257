// Little-endian integers, varints and length-prefixed bytes: the alphabet of all our formats.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rabia::base {

static_assert(std::endian::native == std::endian::little, "formats are little-endian in memory");

// Appends to a string that the caller owns.
class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  template <std::unsigned_integral T>
  void fixed(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  // LEB128: 7 bits a byte, lowest first; at most 10 bytes.
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  // A varint length, then the bytes.
  void bytes(std::string_view bytes) {
    varint(bytes.size());
    raw(bytes);
  }

 private:
  std::string& out_;
};

// Reads from bytes that the caller owns; views that it returns point into them. Once anything was
// malformed or missing, ok() is false for ever and every further read gives zero or empty.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}

  template <std::unsigned_integral T>
  T fixed() {
    T value = 0;
    std::string_view taken = raw(sizeof value);
    if (taken.size() == sizeof value) std::memcpy(&value, taken.data(), sizeof value);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (!ok_ || in_.empty()) return fail();
      const auto byte = static_cast<std::uint8_t>(in_.front());
      in_.remove_prefix(1);
      if (shift == 63 && byte > 1) return fail();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }
  // A varint that must not exceed `most`.
  std::uint64_t varint_at_most(std::uint64_t most) {
    const std::uint64_t value = varint();
    return value <= most ? value : fail();
  }
  std::string_view raw(std::size_t size) {
    if (!ok_ || in_.size() < size) {
      fail();
      return {};
    }
    std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  std::string_view bytes() {
    const std::uint64_t size = varint();
    if (size > in_.size()) {
      fail();
      return {};
    }
    return raw(static_cast<std::size_t>(size));
  }

  [[nodiscard]] bool ok() const { return ok_; }
  // Everything was read and nothing was malformed.
  [[nodiscard]] bool complete() const { return ok_ && in_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return in_.size(); }
  [[nodiscard]] std::string_view rest() const { return in_; }
  // Marks what was read as malformed (a value out of its range, say). Always returns 0.
  std::uint64_t fail() {
    ok_ = false;
    in_ = {};
    return 0;
  }

 private:
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace rabia::base
