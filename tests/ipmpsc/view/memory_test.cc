// Tests the memory of a parse. It is bounded for a hostile peer's message, and messages full of
// small fields need less than the bound.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

struct Small {
  absl::string_view wire;
  int32_t x = 0;
  int32_t y = 0;

  static const wire::MessageTable kTable;
};

struct Wide {
  absl::string_view wire;
  int64_t number = 0;
  std::array<char, 376> rest = {};  // as many fields as a realistic large message

  static const wire::MessageTable kTable;
};

struct Entry {
  absl::string_view wire;
  absl::string_view key;
  absl::string_view value;

  static const wire::MessageTable kTable;
};

// A message with one field of each kind that takes memory.
struct Node {
  absl::string_view wire;
  const Node* child = nullptr;            // 1
  absl::string_view bytes;                // 2
  RepeatedView<Node> children;            // 3
  RepeatedView<Wide> wide;                // 4
  RepeatedView<Small> small;              // 5
  RepeatedView<absl::string_view> texts;  // 6
  RepeatedView<int64_t> numbers;          // 7
  RepeatedView<Entry> map;                // 8
  RepeatedView<Wide> groups;              // 9
  RepeatedView<uint64_t> fixed;           // 10

  static const wire::MessageTable kTable;
};

constexpr Small kEmptySmall{};
constexpr Wide kEmptyWide{};
constexpr Entry kEmptyEntry{};
constexpr Node kEmptyNode{};
constexpr wire::Field kSmall[] = {
    wire::Field::Sint32(1, offsetof(Small, x)),
    wire::Field::Sint32(2, offsetof(Small, y)),
};
constexpr wire::Field kWide[] = {wire::Field::Int64(1, offsetof(Wide, number))};
constexpr wire::Field kEntry[] = {
    wire::Field::Bytes(1, offsetof(Entry, key)),
    wire::Field::Bytes(2, offsetof(Entry, value)),
};
constexpr wire::Field kNode[] = {
    wire::Field::Message(1, offsetof(Node, child), &Node::kTable),
    wire::Field::Bytes(2, offsetof(Node, bytes)),
    wire::Field::Message(3, offsetof(Node, children), &Node::kTable).Repeated(),
    wire::Field::Message(4, offsetof(Node, wide), &Wide::kTable).Repeated(),
    wire::Field::Message(5, offsetof(Node, small), &Small::kTable).Repeated(),
    wire::Field::Bytes(6, offsetof(Node, texts)).Repeated(),
    wire::Field::Int64(7, offsetof(Node, numbers)).Repeated(),
    wire::Field::Map(8, offsetof(Node, map), &Entry::kTable),
    wire::Field::Group(9, offsetof(Node, groups), &Wide::kTable).Repeated(),
    wire::Field::Fixed64(10, offsetof(Node, fixed)).Repeated(),
};
constexpr wire::MessageTable Small::kTable(&kEmptySmall, kSmall, 0, false);
constexpr wire::MessageTable Wide::kTable(&kEmptyWide, kWide, 0, false);
constexpr wire::MessageTable Entry::kTable(&kEmptyEntry, kEntry, 0, false);
constexpr wire::MessageTable Node::kTable(&kEmptyNode, kNode, 0, true);

// Returns the tag and length of a field of `size` bytes.
std::string Head(uint32_t number, size_t size) {
  std::string wire(1, static_cast<char>(number << 3 | 2));
  for (; size >= 128; size >>= 7) wire.push_back(static_cast<char>(size | 128));
  wire.push_back(static_cast<char>(size));
  return wire;
}

std::string Delimited(uint32_t number, absl::string_view body) {
  return absl::StrCat(Head(number, body.size()), body);
}

std::string Repeated(absl::string_view piece, size_t size) {
  const size_t full = (size + piece.size() - 1) / piece.size() * piece.size();
  std::string wire(piece);
  wire.reserve(full);
  while (wire.size() < full) wire.append(wire.data(), std::min(wire.size(), full - wire.size()));
  return wire;
}

// Nested messages, each in two pieces that the parser concatenates.
std::string InPieces(int levels, size_t size) {
  std::string front = Head(2, size);
  for (int i = 0; i < levels; ++i)
    front = absl::StrCat(Delimited(1, Delimited(2, "a")), Head(1, front.size() + size), front);
  return absl::StrCat(front, std::string(size, 'x'));
}

// The bound on all memory of a parsed or refused message, including the arena's reserve.
size_t Bound(const Arena& arena, size_t wire_size) {
  const size_t limit = arena.limit().BytesFor(wire_size);
  return 2 * limit + std::min(3 * limit, 4 * kMiB);
}

struct Bomb {
  const char* name;
  std::string (*wire)(size_t size);
};

const Bomb kBombs[] = {
    {"EmptyMessages", [](size_t size) { return Repeated(absl::string_view("\x22\x00", 2), size); }},
    {"EmptyMessagesOfItself",
     [](size_t size) { return Repeated(absl::string_view("\x1a\x00", 2), size); }},
    {"EmptyGroups", [](size_t size) { return Repeated("\x4b\x4c", size); }},
    {"EmptyEntries", [](size_t size) { return Repeated(absl::string_view("\x42\x00", 2), size); }},
    {"EmptyTexts", [](size_t size) { return Repeated(absl::string_view("\x32\x00", 2), size); }},
    {"ShortNumbers", [](size_t size) { return Repeated("\x38\x01", size); }},
    // The view has int64 elements of 8 bytes.
    {"PackedShortNumbers", [](size_t size) { return Delimited(7, std::string(size, 1)); }},
    {"ManyPackedRuns", [](size_t size) { return Repeated("\x3a\x01\x01", size); }},
    {"EmptyPackedRuns",
     [](size_t size) { return Repeated(absl::string_view("\x3a\x00", 2), size); }},
    {"FixedInRuns",
     [](size_t size) { return Repeated(absl::string_view("\x52\x08--------", 10), size); }},
    // No two consecutive fields have the same kind.
    {"Alternating",
     [](size_t size) {
       return Repeated(absl::string_view("\x22\x00\x1a\x00\x32\x00\x42\x00", 8), size);
     }},
    {"MessagesInPieces", [](size_t size) { return InPieces(99, size); }},
    {"ManyPieces",
     [](size_t size) { return Repeated(Delimited(1, Delimited(1, Delimited(2, "a"))), size); }},
    {"UnknownFields", [](size_t size) { return Repeated(absl::string_view("\x7a\x00", 2), size); }},
};

TEST(MemoryTest, BombsAreBounded) {
  for (const size_t size : {size_t{100}, size_t{10000}, kMiB}) {
    for (const Bomb& bomb : kBombs) {
      const std::string wire = bomb.wire(size);
      Arena arena;
      const void* const view = Parse(Node::kTable, wire, &arena);
      if (view == nullptr) {
        EXPECT_EQ(arena.failure(), Arena::Failure::kLimit) << bomb.name;
      }
      EXPECT_LE(arena.capacity(), Bound(arena, wire.size())) << bomb.name << " of " << wire.size();
      // A bomb is refused, but any small message is accepted.
      if (size <= 100) {
        EXPECT_NE(view, nullptr) << bomb.name;
      }
    }
  }
}

TEST(MemoryTest, AmplifyingMessageIsMalformedAtAnyLength) {
  for (const Bomb& bomb : kBombs) {
    // One bomb takes as much memory as the default allows. The others take less, to keep the test
    // small.
    const bool full = absl::string_view(bomb.name) == "EmptyMessages";
    const bool deep = absl::string_view(bomb.name) == "MessagesInPieces";
    const std::string wire = bomb.wire((full || deep ? 64 : 8) * kMiB);
    Arena arena;
    if (!full) arena.set_limit({3, kMiB});
    const bool parsed = Parse(Node::kTable, wire, &arena) != nullptr;
    EXPECT_LT(arena.capacity(), (full ? 65 : 7) * wire.size()) << bomb.name;
    const bool multiplies = absl::string_view(bomb.name) != "FixedInRuns" &&
                            absl::string_view(bomb.name) != "EmptyPackedRuns" &&
                            absl::string_view(bomb.name) != "ManyPieces" &&
                            absl::string_view(bomb.name) != "UnknownFields";
    EXPECT_EQ(parsed, !multiplies) << bomb.name;
  }
}

// Whether a message is malformed does not depend on the earlier use of the arena or on adjacent
// messages.
TEST(MemoryTest, LimitGrowsWithTheMessage) {
  const MemoryLimit limit = {4, 1000};
  for (const Bomb& bomb : kBombs) {
    for (const size_t size : {10, 50, 100, 200, 400, 1000, 3000, 10000}) {
      const std::string wire = bomb.wire(size);
      Arena fresh(limit);
      const bool parsed = Parse(Node::kTable, wire, &fresh) != nullptr;
      for (const size_t before : {24, 100, 1000, 5000, 100000}) {
        for (const bool reset : {false, true}) {
          Arena arena(limit);
          arena.Allocate(before);
          if (reset) arena.Reset();
          EXPECT_EQ(Parse(Node::kTable, wire, &arena) != nullptr, parsed)
              << bomb.name << " of " << size << " after " << before;
        }
      }
    }
  }
}

TEST(MemoryTest, TheLimitIsSettable) {
  const std::string wire = Repeated(absl::string_view("\x22\x00", 2), kMiB);
  Arena arena;
  EXPECT_EQ(Parse(Node::kTable, wire, &arena), nullptr);
  arena.Reset();
  arena.set_limit(MemoryLimit::None());
  const auto* const node = static_cast<const Node*>(Parse(Node::kTable, wire, &arena));
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->wide.size(), kMiB / 2);
  arena.Reset();
  arena.set_limit({200, sizeof(Node)});
  EXPECT_NE(Parse(Node::kTable, wire, &arena), nullptr);
  arena.Reset();
  arena.set_limit({199, sizeof(Node)});
  EXPECT_EQ(Parse(Node::kTable, wire, &arena), nullptr);
}

// Checks the memory that docs/codegen.md states for messages full of small fields.
TEST(MemoryTest, FullOfSmallFields) {
  struct Case {
    const char* name;
    std::string piece;
    size_t most;  // times the wire
  };
  const Case cases[] = {
      {"points", Delimited(5, "\x08\x02\x10\x04"), 5},
      {"points far away", Delimited(5, "\x08\x82\x82\x82\x01\x10\x84\x84\x84\x01"), 3},
      {"words", Delimited(6, "word"), 4},
      {"numbers in runs", Delimited(7, std::string(1000, 1)), 16},
      {"labels", Delimited(8, Delimited(1, "k") + Delimited(2, "v")), 17},
  };
  for (const Case& c : cases) {
    const std::string wire = Repeated(c.piece, 4 * kMiB);
    Arena arena;
    EXPECT_NE(Parse(Node::kTable, wire, &arena), nullptr) << c.name;
    RecordProperty(c.name, absl::StrCat(arena.capacity() / (wire.size() / 100), " percent"));
    EXPECT_LE(arena.capacity(), c.most * wire.size() + 2 * kMiB)
        << c.name << ": "
        << static_cast<double>(arena.capacity()) / static_cast<double>(wire.size());
  }
}

}  // namespace
}  // namespace ipmpsc::view
