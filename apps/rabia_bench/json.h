// JSON texts, written member by member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rabia::bench {

// `text` in quotes. Bytes that are no printable ASCII become \u00XX.
std::string json_text(std::string_view text);
// With 6 significant digits and more where they are whole; what is no number becomes null.
std::string json_number(double number);
std::string json_list(const std::vector<std::string>& elements);

// {"name":value,…}
class JsonObject {
 public:
  JsonObject& add(std::string_view name, const std::string& json) {
    text_ += (text_.empty() ? "" : ",") + json_text(name) + ":" + json;
    return *this;
  }
  JsonObject& add(std::string_view name, std::uint64_t number) {
    return add(name, std::to_string(number));
  }
  JsonObject& add(std::string_view name, double number) { return add(name, json_number(number)); }
  JsonObject& add_text(std::string_view name, std::string_view text) {
    return add(name, json_text(text));
  }
  [[nodiscard]] std::string str() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

}  // namespace rabia::bench
