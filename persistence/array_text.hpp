#pragma once

#include <string>
#include <utility>

namespace dompet {

/// PostgreSQL's text form of an array, element by element.
class ArrayText {
 public:
  void add(const std::string& element) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    for (const char letter : element) {
      if (letter == '"' || letter == '\\')
        text_ += '\\';
      text_ += letter;
    }
    text_ += '"';
  }
  void add_null() { text_ += text_.size() > 1 ? ",NULL" : "NULL"; }
  std::string finish() && { return std::move(text_) + '}'; }

 private:
  std::string text_ = "{";
};

}  // namespace dompet
