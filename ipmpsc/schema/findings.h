// Findings: what a comparison of schemas has found, a sentence each.
#ifndef IPMPSC_SCHEMA_FINDINGS_H_
#define IPMPSC_SCHEMA_FINDINGS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::schema {

// A name from a descriptor that may be anybody's, fit to be shown.
inline std::string Printable(absl::string_view name) {
  constexpr size_t kMaxSize = 200;
  return absl::StrCat(absl::Utf8SafeCEscape(name.substr(0, kMaxSize)),
                      name.size() > kMaxSize ? "..." : "");
}

class Findings {
 public:
  // At most `max_listed` findings are kept: a hostile schema can have a million.
  explicit Findings(size_t max_listed) : max_listed_(max_listed) {}

  // Adds "WHERE: WHAT". `where` is a part of the message and already printable.
  template <typename... Pieces>
  void Add(absl::string_view where, const Pieces&... what) {
    if (++count_ <= max_listed_) listed_.push_back(absl::StrCat(where, ": ", what...));
  }
  // Whether the next finding will be listed. If not, `Count` needs no text for it.
  bool IsNextListed() const { return count_ < max_listed_; }
  void Count() { ++count_; }

  bool empty() const { return count_ == 0; }

  std::vector<std::string> Take() && {
    if (count_ > max_listed_)
      listed_.push_back(absl::StrCat("and ", count_ - max_listed_, " more"));
    return std::move(listed_);
  }

 private:
  size_t max_listed_;
  size_t count_ = 0;
  std::vector<std::string> listed_;
};

// Of the comparison between a program's schema ("here") and a channel's ("in the channel").
struct SchemaFindings {
  Findings refusals{10};      // reasons why an end must not be attached
  Findings differences{100};  // harmless differences
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_FINDINGS_H_
