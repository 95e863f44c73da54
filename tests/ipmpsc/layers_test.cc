// Reads the runtime's own sources. A room includes only rooms that the picture of the layers in
// docs/README.md draws below it.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ipmpsc {
namespace {

using ::testing::IsEmpty;

using Rooms = std::map<std::string, std::set<std::string>>;

// The rooms that each room may include, beside itself.
const Rooms& Layers() {
  static const auto* const layers = new Rooms{
      {"internal", {}},
      {"internal/os", {}},
      {"internal/ring", {}},
      {"values", {"internal/os"}},
      {"internal/segment", {"values", "internal", "internal/os", "internal/ring"}},
      {"internal/endpoint",
       {"values", "internal", "internal/os", "internal/ring", "internal/segment"}},
      {"raw",
       {"values", "internal", "internal/os", "internal/ring", "internal/segment",
        "internal/endpoint"}},
      {"adapters", {"raw", "values"}},
      {"c", {"raw", "values", "internal/os"}},
      {"wire", {"values", "internal"}},
      {"view", {"values", "internal", "wire"}},
      {"writer", {"values", "internal", "wire"}},
      {"schema", {"values", "internal", "wire", "view"}},
      {"typed", {"raw", "values", "internal", "wire", "view", "writer", "schema"}},
      {"rpc",
       {"raw", "values", "internal", "internal/os", "internal/segment", "wire", "view", "writer",
        "schema", "typed"}},
  };
  return *layers;
}

// Returns the room of a file, given by its path below ipmpsc/.
std::string RoomOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash != absl::string_view::npos) return std::string(path.substr(0, slash));
  const absl::string_view name = path.substr(0, path.find('.'));
  static const auto* const values = new std::set<absl::string_view>{
      "deadline", "options", "platform", "record", "version", "wait_options"};
  return values->count(name) != 0 ? "values" : "raw";
}

std::filesystem::path Top() {
  return std::filesystem::path(std::getenv("TEST_SRCDIR")) / std::getenv("TEST_WORKSPACE");
}

// Whether the room `from` may include the room `to`.
bool MayInclude(const std::string& from, const std::string& to) {
  const auto layer = Layers().find(from);
  return layer != Layers().end() && (from == to || layer->second.count(to) != 0);
}

TEST(LayersTest, EachRoomIncludesOnlyRoomsBelowIt) {
  std::set<std::string> rooms;
  std::set<std::string> wrong;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Top() / "ipmpsc")) {
    const std::string extension = entry.path().extension();
    if (extension != ".h" && extension != ".cc") continue;
    const std::string path = entry.path().lexically_relative(Top() / "ipmpsc");
    const std::string room = RoomOf(path);
    rooms.insert(room);
    std::ifstream file(entry.path());
    ASSERT_TRUE(file) << entry.path();
    for (std::string line; std::getline(file, line);) {
      absl::string_view included = line;
      if (!absl::ConsumePrefix(&included, "#include \"ipmpsc/")) continue;
      included = included.substr(0, included.find('"'));
      if (!MayInclude(room, RoomOf(included))) {
        wrong.insert(absl::StrCat("ipmpsc/", path, " includes ipmpsc/", included));
      }
    }
  }
  EXPECT_THAT(wrong, IsEmpty()) << "docs/README.md has the picture of the layers";
  for (const auto& [room, below] : Layers()) {
    EXPECT_EQ(rooms.count(room), 1u) << "no source of " << room << " was read";
  }
}

// The table itself has no way back up.
TEST(LayersTest, NoTwoRoomsMayIncludeEachOther) {
  for (const auto& [room, below] : Layers()) {
    for (const std::string& lower : below) {
      EXPECT_FALSE(MayInclude(lower, room)) << room << " and " << lower;
    }
  }
}

}  // namespace
}  // namespace ipmpsc
