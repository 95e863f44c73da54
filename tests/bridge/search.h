// Search: every course of a program whose choices are made here.
#ifndef TESTS_BRIDGE_SEARCH_H_
#define TESTS_BRIDGE_SEARCH_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace ipmpsc::bridge {

// A depth-first search of the choices, with at most `faults` of them other than 0.
class Search {
 public:
  explicit Search(int faults) : faults_(faults) {}

  int Choose(int options) {
    if (at_ == course_.size()) course_.push_back({0, options});
    const Choice& choice = course_[at_++];
    if (choice.taken != 0) ++used_;
    return choice.taken;
  }

  // Goes to the next course. Returns false after the last.
  bool Next() {
    for (course_.resize(at_); !course_.empty(); course_.pop_back()) {
      Choice& last = course_.back();
      int before = 0;
      for (const Choice& choice : course_) before += choice.taken != 0;
      before -= last.taken != 0;
      if (last.taken + 1 < last.options && before < faults_) {
        ++last.taken;
        at_ = 0;
        used_ = 0;
        return true;
      }
    }
    return false;
  }

  std::string Text() const {
    return absl::StrJoin(course_, " ", [](std::string* out, const Choice& choice) {
      absl::StrAppend(out, choice.taken);
    });
  }

 private:
  struct Choice {
    int taken;
    int options;
  };

  const int faults_;
  std::vector<Choice> course_;
  size_t at_ = 0;
  int used_ = 0;
};

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_SEARCH_H_
