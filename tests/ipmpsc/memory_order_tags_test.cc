// Reads the runtime's own sources. Each ordering of memory must be documented, with its partner.
//
//  * Each non-relaxed access, fence or membarrier follows a comment `// [tag] order; pairs
//    with [partner] order: why`.
//  * Each partner exists and has that order.
//  * Each relaxed access follows a comment within a few lines that says why nothing is ordered
//    ("Relaxed: ...").
//  * No access uses the default order (seq_cst), since that may be unintended.
//  * The table in ipmpsc/DESIGN.md has exactly the tags of the sources.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ipmpsc {
namespace {

// The longest distance in lines from a relaxed access to its comment. Several accesses may share
// one.
constexpr int kReach = 8;

struct Source {
  std::string path;  // from the top of the tree
  std::vector<std::string> lines;
};

std::filesystem::path Top() {
  return std::filesystem::path(std::getenv("TEST_SRCDIR")) / std::getenv("TEST_WORKSPACE");
}

std::vector<std::string> LinesOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

const std::vector<Source>& Sources() {
  static const auto* const sources = [] {
    auto* found = new std::vector<Source>;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Top() / "ipmpsc")) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc") continue;
      found->push_back({entry.path().lexically_relative(Top()), LinesOf(entry.path())});
    }
    return found;
  }();
  return *sources;
}

bool IsComment(const std::string& line) {
  const size_t first = line.find_first_not_of(' ');
  return first != std::string::npos && line.compare(first, 2, "//") == 0;
}

std::string CodeOf(const std::string& line) {
  return IsComment(line) ? "" : line.substr(0, line.find(" // "));
}

bool IsOrdering(const std::string& line) {
  static const std::regex ordering(
      "memory_order(_|::)(acquire|release|acq_rel|seq_cst|consume)|"
      "__ATOMIC_(ACQUIRE|RELEASE|ACQ_REL|SEQ_CST|CONSUME)|__sync_|MEMBARRIER_CMD_GLOBAL");
  return std::regex_search(CodeOf(line), ordering);
}

bool IsRelaxed(const std::string& line) {
  static const std::regex relaxed("memory_order(_|::)relaxed|__ATOMIC_RELAXED");
  return std::regex_search(CodeOf(line), relaxed);
}

// Returns the block of comment lines that ends at line `last`, as one text.
std::string CommentEndingAt(const Source& source, int last) {
  std::string text;
  for (int i = last; i >= 0 && IsComment(source.lines[i]); --i) {
    const std::string& line = source.lines[i];
    text = line.substr(line.find("//") + 2) + text;
  }
  return text;
}

// Returns the nearest comment above the statement that contains line `at`.
std::string CommentAbove(const Source& source, int at) {
  for (int i = at - 1; i >= 0 && i >= at - kReach; --i) {
    if (IsComment(source.lines[i])) return CommentEndingAt(source, i);
  }
  return "";
}

// One `[tag] order; pairs with [partner] order` of a comment.
struct Tag {
  std::string name, order, partner, partners_order;
};

std::vector<Tag> TagsIn(const std::string& comment) {
  static const std::regex form(
      "\\[([a-z]+)\\] ([a-z_ ]+); pairs\\s+with\\s+\\[([a-z]+)\\]\\s+([a-z_]+( fence)?)");
  std::vector<Tag> tags;
  for (std::sregex_iterator it(comment.begin(), comment.end(), form), end; it != end; ++it) {
    tags.push_back({(*it)[1], (*it)[2], (*it)[3], (*it)[4]});
  }
  return tags;
}

// Returns the tags of all comment blocks of all sources.
std::vector<Tag> AllTags() {
  std::vector<Tag> all;
  for (const Source& source : Sources()) {
    const int count = static_cast<int>(source.lines.size());
    for (int i = 0; i < count; ++i) {
      if (!IsComment(source.lines[i]) || (i + 1 < count && IsComment(source.lines[i + 1])))
        continue;
      for (Tag& tag : TagsIn(CommentEndingAt(source, i))) all.push_back(std::move(tag));
    }
  }
  return all;
}

std::string At(const Source& source, int line) {
  return source.path + ":" + std::to_string(line + 1) + ": " + source.lines[line];
}

TEST(MemoryOrderTagsTest, SourcesAreFound) {
  std::set<std::string> paths;
  int orderings = 0;
  int relaxed = 0;
  for (const Source& source : Sources()) {
    paths.insert(source.path);
    orderings +=
        static_cast<int>(std::count_if(source.lines.begin(), source.lines.end(), IsOrdering));
    relaxed += static_cast<int>(std::count_if(source.lines.begin(), source.lines.end(), IsRelaxed));
  }
  for (const char* path :
       {"ipmpsc/channel.cc", "ipmpsc/receiver.h", "ipmpsc/internal/endpoint/sender_core.cc",
        "ipmpsc/internal/os/sleeper_barrier.cc", "ipmpsc/internal/ring/ring.h",
        "ipmpsc/internal/segment/segment.cc", "ipmpsc/typed/generated.h"}) {
    EXPECT_EQ(paths.count(path), 1u) << path;
  }
  EXPECT_GE(orderings, 10);
  EXPECT_GE(relaxed, 20);
}

TEST(MemoryOrderTagsTest, EachOrderingHasATagThatSaysTheSameOrder) {
  for (const Source& source : Sources()) {
    for (int i = 0; i < static_cast<int>(source.lines.size()); ++i) {
      if (!IsOrdering(source.lines[i])) continue;
      if (source.lines[i].find("_REGISTER_") != std::string::npos) continue;  // orders nothing
      const std::vector<Tag> tags = TagsIn(CommentAbove(source, i));
      EXPECT_FALSE(tags.empty()) << At(source, i) << "\n  has no comment `[tag] order; pairs with "
                                 << "[partner] order: why` above it";
      for (const Tag& tag : tags) {
        std::string order = tag.order;
        if (order == "signal fence") order = "atomic_signal_fence";
        // std::memory_order_acquire, __ATOMIC_ACQUIRE, MEMBARRIER_...
        EXPECT_TRUE(absl::StrContains(absl::AsciiStrToLower(source.lines[i]), order))
            << At(source, i) << "\n  is not " << tag.order << ", as its comment says";
      }
    }
  }
}

TEST(MemoryOrderTagsTest, EachTagsPartnerExistsWithThatOrder) {
  std::set<std::pair<std::string, std::string>> declared;
  for (const Tag& tag : AllTags()) declared.insert({tag.name, tag.order});
  for (const Tag& tag : AllTags()) {
    EXPECT_EQ(declared.count({tag.partner, tag.partners_order}), 1u)
        << "[" << tag.name << "] pairs with [" << tag.partner << "] " << tag.partners_order
        << ", which is nowhere";
  }
}

TEST(MemoryOrderTagsTest, EachRelaxedAccessSaysWhy) {
  for (const Source& source : Sources()) {
    for (int i = 0; i < static_cast<int>(source.lines.size()); ++i) {
      if (!IsRelaxed(source.lines[i])) continue;
      bool says = false;
      for (int j = i - 1; j >= 0 && j >= i - kReach && !says; --j) {
        if (IsComment(source.lines[j])) {
          const std::string comment = CommentEndingAt(source, j);
          says = comment.find("Relaxed") != std::string::npos ||
                 comment.find("is relaxed: ") != std::string::npos;
        }
      }
      EXPECT_TRUE(says) << At(source, i) << "\n  has no comment \"Relaxed: why\" near above it";
    }
  }
}

TEST(MemoryOrderTagsTest, NoAccessOrdersByDefault) {
  static const std::regex access(
      "(\\.|->)(load|store|exchange|fetch_[a-z]+|compare_exchange_(weak|strong)|test_and_set)\\(");
  for (const Source& source : Sources()) {
    for (size_t i = 0; i < source.lines.size(); ++i) {
      if (!std::regex_search(CodeOf(source.lines[i]), access)) continue;
      // The arguments may span several lines.
      std::string statement;
      for (size_t j = i; j < source.lines.size() && j < i + 4; ++j) {
        statement += CodeOf(source.lines[j]);
        if (statement.find(';') != std::string::npos) break;
      }
      EXPECT_NE(statement.find("memory_order"), std::string::npos)
          << At(source, static_cast<int>(i)) << "\n  names no memory order";
    }
  }
}

TEST(MemoryOrderTagsTest, TheTableInTheDesignHasExactlyTheTagsOfTheSources) {
  static const std::regex row("^\\| *`?\\[([a-z]+)\\]`? *\\|");
  std::set<std::string> in_table;
  for (const std::string& line : LinesOf(Top() / "ipmpsc/DESIGN.md")) {
    std::smatch match;
    if (!std::regex_search(line, match, row)) continue;
    EXPECT_TRUE(in_table.insert(match[1]).second) << "twice in the table: " << line;
  }
  std::set<std::string> in_sources;
  for (const Tag& tag : AllTags()) in_sources.insert(tag.name);
  EXPECT_EQ(in_table, in_sources);
}

}  // namespace
}  // namespace ipmpsc
