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
  // A hostile schema differs a million times.
  explicit Findings(size_t max_listed) : max_listed_(max_listed) {}

  // "WHERE: WHAT"; `where` is what of the message, already shown.
  template <typename... Pieces>
  void Add(absl::string_view where, const Pieces&... what) {
    if (++count_ <= max_listed_) listed_.push_back(absl::StrCat(where, ": ", what...));
  }
  // Whether the next one will be listed. Where it will not, `Count` does without its text.
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

// Of the comparison of a program's schema ("here") with that in a channel ("in the channel").
struct SchemaFindings {
  Findings refusals{10};      // why an end must not be attached
  Findings differences{100};  // what does no harm
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_FINDINGS_H_
