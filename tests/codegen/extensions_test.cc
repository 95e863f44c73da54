// Tests extensions and other fields unknown to a type: written by AddUnknownFields and read by
// protobuf, read from a view's bytes, and passed on from a view to a loan. Also tests bytes that
// are no wire format.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/view_access.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/ends.h"
#include "tests/codegen/protos/extensions.ipmpsc.h"
#include "tests/codegen/protos/extensions.pb.h"
#include "tests/codegen/random_message.h"
#include "tests/codegen/view_difference.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test::extensions {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::writer::Draft;
using ::testing::HasSubstr;

using ItemEnds = Ends<ItemChannel, ItemSender, ItemReceiver>;

template <typename Writer, typename Write>
absl::StatusOr<std::string> Written(Write write, size_t bound = 1 << 16) {
  // Has the exact size, so that a sanitizer detects a write beyond the bound.
  const std::unique_ptr<char[]> space(new char[bound]);
  Draft draft(absl::MakeSpan(space.get(), bound));
  {
    Writer writer(&draft);
    write(&writer);
  }
  const absl::StatusOr<size_t> size = draft.Finish("Item");
  if (!size.ok()) return size.status();
  return std::string(space.get(), *size);
}

absl::StatusOr<std::string> WithUnknownFields(absl::string_view fields, size_t bound = 1 << 16) {
  return Written<EmptyWriter>([&](EmptyWriter* writer) { writer->AddUnknownFields(fields); },
                              bound);
}

TEST(ExtensionsTest, ExtensionsOfAProtobufMessage) {
  ItemEnds ends;
  Item only_extensions;
  only_extensions.SetExtension(remark, "on the left");
  only_extensions.MutableExtension(part)->set_name("door");
  ItemLoan loan = ends.Lend(1000);
  loan.set_id(7);
  loan.AddUnknownFields(only_extensions.SerializePartialAsString());
  loan.mutable_inside().set_id(8);
  ASSERT_OK(std::move(loan).Publish());

  ASSERT_OK_AND_ASSIGN(const ItemLease lease, ends.receiver.TryReceive());
  const Item item = lease->ToMessage();
  EXPECT_EQ(item.id(), 7);
  EXPECT_EQ(item.inside().id(), 8);
  EXPECT_EQ(item.GetExtension(remark), "on the left");
  EXPECT_EQ(item.GetExtension(part).name(), "door");
  EXPECT_EQ(item.unknown_fields().field_count(), 0);
}

TEST(ExtensionsTest, ReadWithoutProtobuf) {
  ItemEnds ends;
  ItemLoan loan = ends.Lend(1000);
  loan.set_id(7);
  ASSERT_OK_AND_ASSIGN(const std::string extras,
                       Written<ItemExtensionsWriter>([](ItemExtensionsWriter* writer) {
                         writer->set_remark("on the left");
                         writer->mutable_part().set_name("door");
                       }));
  loan.AddUnknownFields(extras);
  ASSERT_OK(std::move(loan).Publish());

  ASSERT_OK_AND_ASSIGN(const ItemLease lease, ends.receiver.TryReceive());
  ipmpsc::view::Arena arena;
  const ItemExtensionsView* const view = ItemExtensionsView::Parse(lease->Bytes(), &arena);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->remark(), "on the left");
  EXPECT_EQ(view->part().name(), "door");
  // The text lies in the sender's message.
  EXPECT_GE(view->remark().data(), lease->Bytes().data());
  EXPECT_LT(view->remark().data(), lease->Bytes().data() + lease->Bytes().size());
}

TEST(ExtensionsTest, InAGroup) {
  GroupExtensions extras;
  extras.set_label("here");
  ASSERT_OK_AND_ASSIGN(const std::string wire, Written<ItemWriter>([&](ItemWriter* writer) {
                         writer->set_id(1);
                         Item_GroupWriter group = writer->add_group();
                         group.AddUnknownFields(extras.SerializeAsString());
                         group.set_id(2);
                       }));
  Item item;
  ASSERT_TRUE(item.ParseFromString(wire));
  EXPECT_EQ(item.group(0).id(), 2);
  EXPECT_EQ(item.group(0).GetExtension(label), "here");
  ipmpsc::view::Arena arena;
  const ItemView& view = *ItemView::Parse(wire, &arena);
  EXPECT_EQ(GroupExtensionsView::Parse(view.group(0).Bytes(), &arena)->label(), "here");
}

// A program passes on a message from a sender with a newer schema.
TEST(ExtensionsTest, KnownFieldsAreLeftOut) {
  Item item;
  item.set_id(1);
  item.set_grade(BAD);
  item.set_rest("rest");
  item.SetExtension(remark, "remark");
  item.mutable_inside()->set_id(2);
  const std::string from = item.SerializeAsString();
  ipmpsc::view::Arena arena;
  const OldItemView& old = *OldItemView::Parse(from, &arena);
  ASSERT_OK_AND_ASSIGN(const std::string wire, Written<OldItemWriter>([&](OldItemWriter* writer) {
                         writer->set_id(old.id() + 10);
                         writer->AddUnknownFields(old.Bytes());
                       }));
  item.set_id(11);
  item.clear_inside();
  Item read;
  ASSERT_TRUE(read.ParseFromString(wire));
  EXPECT_EQ(read.DebugString(), item.DebugString());
}

TEST(ExtensionsTest, RandomExtensions) {
  Random random(1);
  ipmpsc::view::Arena arena;
  int tried = 0;
  for (int i = 0; i < 1000; ++i) {
    ItemExtensions extras;
    FillRandomly(random, 3, &extras);
    const std::string given = ShuffleWire(random, extras.SerializeAsString());
    if (!extras.ParseFromString(given)) continue;
    ++tried;
    // Shuffling adds other fields, some of which are an Item's own.
    for (int number = 1; number <= 5; ++number)
      extras.mutable_unknown_fields()->DeleteByNumber(number);
    ASSERT_OK_AND_ASSIGN(const std::string wire, Written<ItemWriter>([&](ItemWriter* writer) {
                           writer->set_id(i);
                           ItemWriter inside = writer->mutable_inside();
                           inside.set_id(i + 1);
                           inside.AddUnknownFields(given);
                         }));
    Item wanted;
    wanted.set_id(i);
    wanted.mutable_inside()->set_id(i + 1);
    ASSERT_TRUE(wanted.mutable_inside()->MergeFromString(extras.SerializeAsString()));
    Item read;
    ASSERT_TRUE(read.ParseFromString(wire)) << absl::BytesToHexString(wire);
    ASSERT_EQ(DeterministicWire(read), DeterministicWire(wanted));
    arena.Reset();
    const ItemView* const view = ItemView::Parse(wire, &arena);
    ASSERT_NE(view, nullptr);
    const ItemExtensionsView* const back =
        ItemExtensionsView::Parse(view->inside().Bytes(), &arena);
    ASSERT_NE(back, nullptr);
    // The bytes also contain the id, which is unknown there.
    ItemExtensions with_id;
    ASSERT_TRUE(with_id.ParseFromArray(view->inside().Bytes().data(),
                                       static_cast<int>(view->inside().Bytes().size())));
    ASSERT_EQ(ViewDifference(ipmpsc::view::ViewAccess::Table<ItemExtensionsView>(), back, with_id),
              "");
    with_id.DiscardUnknownFields();
    extras.DiscardUnknownFields();
    ASSERT_EQ(DeterministicWire(with_id), DeterministicWire(extras));
  }
  EXPECT_GT(tried, 500);
}

// The view accepts them if and only if protobuf accepts them for a message that knows none of them.
TEST(ExtensionsTest, DamagedExtensionsAreAnError) {
  Random random(2);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    Item item;
    FillRandomly(random, 3, &item);
    const std::string given = DamageWire(random, item.SerializePartialAsString());
    Empty protobufs;
    const bool is_good = protobufs.ParseFromString(given);
    const absl::StatusOr<std::string> wire = WithUnknownFields(given);
    if (is_good) {
      ASSERT_OK(wire) << absl::BytesToHexString(given);
      ASSERT_EQ(*wire, given);
    } else {
      ++refused;
      ASSERT_THAT(wire, StatusIs(StatusCode::kInvalidArgument, HasSubstr("malformed at byte")))
          << absl::BytesToHexString(given);
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(ExtensionsTest, MalformedExtensionsAreNotSent) {
  ItemEnds ends;
  ItemLoan loan = ends.Lend(1000);
  loan.set_id(1);
  loan.AddUnknownFields("\x50\x01\x55\x01");  // 10: 1, and one of four bytes
  loan.set_rest("more");
  EXPECT_THAT(std::move(loan).Publish(),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("given for a ipmpsc_test.extensions.Item are malformed at byte 2 "
                                 "of 4")));
  ItemLoan next = ends.Lend(1000);
  next.set_id(2);
  ASSERT_OK(std::move(next).Publish());
  ASSERT_OK_AND_ASSIGN(const ItemLease lease, ends.receiver.TryReceive());
  EXPECT_EQ(lease->id(), 2);
}

TEST(ExtensionsTest, ExtensionsBeyondTheBound) {
  ASSERT_OK_AND_ASSIGN(const std::string fits, WithUnknownFields("\x50\x01", 2));
  EXPECT_EQ(fits, "\x50\x01");
  EXPECT_THAT(WithUnknownFields("\x50\x01", 1),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("at least 2 bytes")));
  EXPECT_OK(WithUnknownFields("", 0));
}

// Groups nest as deep as protobuf allows, counted from the outermost message.
TEST(ExtensionsTest, Depth) {
  for (const int around : {0, 1, 50, 99, 100}) {
    for (const int groups : {100 - around, 101 - around}) {
      const std::string given = std::string(static_cast<size_t>(groups), '\x53') +  // 10: group
                                std::string(static_cast<size_t>(groups), '\x54');
      const absl::StatusOr<std::string> wire = Written<OldItemWriter>([&](OldItemWriter* writer) {
        const auto nest = [&](const auto& self, OldItemWriter* to, int levels) -> void {
          to->set_id(1);
          if (levels == 0) return to->AddUnknownFields(given);
          OldItemWriter inner = to->mutable_inside();
          self(self, &inner, levels - 1);
        };
        nest(nest, writer, around);
      });
      if (groups <= 100 - around) {
        ASSERT_OK(wire) << around;
        OldItem item;
        EXPECT_TRUE(item.ParseFromString(*wire)) << around;
      } else {
        EXPECT_THAT(wire, StatusIs(StatusCode::kInvalidArgument)) << around;
      }
    }
  }
}

}  // namespace
}  // namespace ipmpsc_test::extensions
