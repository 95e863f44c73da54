// Compares generated writers with protobuf, on random messages of every kind. protobuf reads the
// written message. Where it is promised, the bytes equal protobuf's own. Every bound that is too
// small is detected.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.copy.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/struct.copy.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/copier/copied_type.h"
#include "tests/codegen/copier/copy.h"
#include "tests/codegen/protos/aligned.copy.h"
#include "tests/codegen/protos/frame.copy.h"
#include "tests/codegen/protos/legacy.copy.h"
#include "tests/codegen/protos/names.copy.h"
#include "tests/codegen/protos/no_package.copy.h"
#include "tests/codegen/protos/proto2.copy.h"
#include "tests/codegen/protos/proto3.copy.h"
#include "tests/codegen/random_message.h"
#include "tests/codegen/view_difference.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using copier::Copied;
using copier::CopiedType;
using copier::Style;
using ::google::protobuf::Message;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::writer::Draft;

constexpr Style kStyles[] = {{/*arrays=*/true, /*in_place=*/false},
                             {/*arrays=*/false, /*in_place=*/true},
                             {/*arrays=*/true, /*in_place=*/false, /*numbers_in_place=*/true}};

// Returns the number of nested messages and map entries of `length` bytes or more.
size_t MessagesWithin(const Message& message, size_t length) {
  size_t count = 0;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  const auto add = [&](const Message& inner) {
    count += MessagesWithin(inner, length) + (inner.ByteSizeLong() >= length ? 1 : 0);
  };
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      add(reflection.GetMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      add(reflection.GetRepeatedMessage(message, field, i));
    }
  }
  return count;
}

class WriterAgainstProtobufTest : public testing::TestWithParam<CopiedType> {
 protected:
  std::unique_ptr<Message> RandomMessage(Random& random, int depth) {
    std::unique_ptr<Message> message(GetParam().prototype->New());
    FillRandomly(random, depth, message.get());
    // Reflection can set a map key twice.
    const std::string wire = DeterministicWire(*message);
    EXPECT_TRUE(message->ParseFromString(wire));
    return message;
  }

  // Has the exact size, so that a sanitizer detects a write beyond the bound.
  absl::StatusOr<std::string> Write(const Message& message, Style style, size_t bound) {
    const std::unique_ptr<char[]> space(new char[bound]);
    std::memset(space.get(), 0xa5, bound);
    Draft draft(absl::MakeSpan(space.get(), bound));
    GetParam().write(message, style, &draft);
    const absl::StatusOr<size_t> size = draft.Finish(message.GetTypeName());
    if (!size.ok()) return size.status();
    return std::string(space.get(), *size);
  }

  void ExpectSame(const Message& message, const std::string& wire) {
    const std::unique_ptr<Message> read(message.New());
    ASSERT_TRUE(read->ParseFromString(wire)) << absl::BytesToHexString(wire);
    ASSERT_EQ(DeterministicWire(*read), DeterministicWire(message)) << absl::BytesToHexString(wire);
    arena_.Reset();
    const void* const view = ipmpsc::view::Parse(*GetParam().table, wire, &arena_);
    ASSERT_NE(view, nullptr) << absl::BytesToHexString(wire);
    ASSERT_EQ(ViewDifference(*GetParam().table, view, message), "");
  }

  bool IsAligned() const {
    return GetParam().prototype->GetDescriptor()->full_name() == "ipmpsc_test.aligned.Picture";
  }

  ipmpsc::view::Arena arena_;
};

constexpr int kRounds = 200;

TEST_P(WriterAgainstProtobufTest, ProtobufReadsTheSame) {
  Random random(1);
  for (int i = 0; i < kRounds; ++i) {
    const std::unique_ptr<Message> message = RandomMessage(random, 3);
    for (const Style style : kStyles) {
      ASSERT_OK_AND_ASSIGN(const std::string wire, Write(*message, style, 1 << 20));
      ASSERT_NO_FATAL_FAILURE(ExpectSame(*message, wire)) << message->DebugString();
    }
  }
}

// A view that is walked through the writer gives the same message.
TEST_P(WriterAgainstProtobufTest, ViewsAreWrittenAsTheyRead) {
  Random random(5);
  ipmpsc::view::Arena arena;
  for (int i = 0; i < kRounds; ++i) {
    const std::unique_ptr<Message> message = RandomMessage(random, 3);
    // Merges two messages.
    const std::string wire =
        DeterministicWire(*message) + DeterministicWire(*RandomMessage(random, 2));
    const std::unique_ptr<Message> read(message->New());
    ASSERT_TRUE(read->ParseFromString(wire));
    arena.Reset();
    const void* const view = ipmpsc::view::Parse(*GetParam().table, wire, &arena);
    ASSERT_NE(view, nullptr);
    for (const Style style : kStyles) {
      std::vector<char> space(1 << 20);
      Draft draft(absl::MakeSpan(space));
      GetParam().walk(view, style, &draft);
      ASSERT_OK_AND_ASSIGN(const size_t size, draft.Finish(message->GetTypeName()));
      ASSERT_NO_FATAL_FAILURE(ExpectSame(*read, std::string(space.data(), size)))
          << message->DebugString();
    }
  }
}

// If the message is shorter than a kibibyte, so are all nested ones.
TEST_P(WriterAgainstProtobufTest, SmallMessagesAreByteForByteAsProtobufWritesThem) {
  if (IsAligned()) GTEST_SKIP() << "has more bytes";
  Random random(2);
  int small = 0;
  for (int i = 0; i < 10 * kRounds && small < kRounds; ++i) {
    const std::unique_ptr<Message> message = RandomMessage(random, 2);
    const std::string wanted = DeterministicWire(*message);
    if (wanted.size() >= 1024) continue;
    ++small;
    ASSERT_OK_AND_ASSIGN(const std::string wire, Write(*message, kStyles[0], 1 << 20));
    ASSERT_EQ(absl::BytesToHexString(wire), absl::BytesToHexString(wanted));
    // The exact size is enough.
    ASSERT_OK_AND_ASSIGN(const std::string tight, Write(*message, kStyles[0], wanted.size()));
    ASSERT_EQ(tight, wanted);
    if (wanted.empty()) continue;
    ASSERT_THAT(Write(*message, kStyles[0], wanted.size() - 1),
                StatusIs(StatusCode::kResourceExhausted,
                         testing::HasSubstr(absl::StrCat(" at least ", wanted.size(), " bytes"))));
  }
  EXPECT_GT(small, 3);
}

// Every bound leads to an error or to the right message.
TEST_P(WriterAgainstProtobufTest, EveryBoundIsSufficientOrAnError) {
  Random random(3);
  for (int i = 0; i < 4; ++i) {
    std::unique_ptr<Message> message = RandomMessage(random, 2);
    while (message->ByteSizeLong() > 1000) message = RandomMessage(random, 2);
    for (const Style style : kStyles) {
      bool fits = false;
      const size_t enough = 2 * message->ByteSizeLong() + 100000;
      // Alignment to whole pages needs no test of every byte.
      for (size_t bound = 0; !fits; bound += bound < 2000 ? 1 : 61) {
        ASSERT_LE(bound, enough) << "it never fits";
        const absl::StatusOr<std::string> wire = Write(*message, style, bound);
        fits = wire.ok();
        if (fits) {
          ASSERT_NO_FATAL_FAILURE(ExpectSame(*message, *wire)) << bound;
        } else {
          ASSERT_THAT(wire, StatusIs(StatusCode::kResourceExhausted,
                                     testing::AllOf(testing::HasSubstr(message->GetTypeName()),
                                                    testing::HasSubstr(absl::StrCat(
                                                        " the ", bound, " that were claimed")))));
        }
      }
    }
  }
}

// The bound of docs/codegen.md is enough.
TEST_P(WriterAgainstProtobufTest, FourBytesForEachNestedMessageAreEnough) {
  if (IsAligned()) GTEST_SKIP() << "needs more";
  Random random(4);
  for (int i = 0; i < kRounds; ++i) {
    const std::unique_ptr<Message> message = RandomMessage(random, 3);
    for (const bool in_place : {false, true}) {
      // Bytes that are handed out may be in any message.
      const size_t bound =
          message->ByteSizeLong() + 4 * MessagesWithin(*message, in_place ? 0 : 1024);
      ASSERT_OK_AND_ASSIGN(const std::string wire,
                           Write(*message, {/*arrays=*/true, in_place}, bound));
      ASSERT_NO_FATAL_FAILURE(ExpectSame(*message, wire));
    }
  }
}

std::vector<CopiedType> AllTypes() {
  return {
      Copied<Scalars, ScalarsView, ScalarsWriter>(),
      Copied<Optionals, OptionalsView, OptionalsWriter>(),
      Copied<Repeateds, RepeatedsView, RepeatedsWriter>(),
      Copied<Oneofs, OneofsView, OneofsWriter>(),
      Copied<Maps, MapsView, MapsWriter>(),
      Copied<Tree, TreeView, TreeWriter>(),
      Copied<Nothing, NothingView, NothingWriter>(),
      Copied<v2::Defaults, v2::DefaultsView, v2::DefaultsWriter>(),
      Copied<v2::Repeateds, v2::RepeatedsView, v2::RepeatedsWriter>(),
      Copied<v2::Required, v2::RequiredView, v2::RequiredWriter>(),
      Copied<v2::RequiredInside, v2::RequiredInsideView, v2::RequiredInsideWriter>(),
      Copied<v2::Groups, v2::GroupsView, v2::GroupsWriter>(),
      Copied<v2::EnumMaps, v2::EnumMapsView, v2::EnumMapsWriter>(),
      Copied<v2::ManyHasBits, v2::ManyHasBitsView, v2::ManyHasBitsWriter>(),
      Copied<aligned::Picture, aligned::PictureView, aligned::PictureWriter>(),
      Copied<camera::Frame, camera::FrameView, camera::FrameWriter>(),
      Copied<legacy::Reading, legacy::ReadingView, legacy::ReadingWriter>(),
      Copied<names::Outer, names::OuterView, names::OuterWriter>(),
      Copied<names::Members, names::MembersView, names::MembersWriter>(),
      Copied<names::Message, names::MessageView, names::MessageWriter>(),
      Copied<names::Setters, names::SettersView, names::SettersWriter>(),
      Copied<names::class_, names::classView, names::classWriter>(),
      Copied<IpmpscTestNoPackage, IpmpscTestNoPackageView, IpmpscTestNoPackageWriter>(),
      Copied<google::protobuf::FileDescriptorProto, google::protobuf::FileDescriptorProtoView,
             google::protobuf::FileDescriptorProtoWriter>(),
      Copied<google::protobuf::Struct, google::protobuf::StructView,
             google::protobuf::StructWriter>(),
  };
}

INSTANTIATE_TEST_SUITE_P(AllTypes, WriterAgainstProtobufTest, testing::ValuesIn(AllTypes()),
                         [](const auto& info) {
                           return absl::StrCat(info.index, "_",
                                               info.param.prototype->GetDescriptor()->name());
                         });

}  // namespace
}  // namespace ipmpsc_test
