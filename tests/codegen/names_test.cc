// Tests names that are keywords or clash, beside protobuf's own classes.
#include <string>
#include <type_traits>

#include "gtest/gtest.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/protos/2nd-file.ipmpsc.h"
#include "tests/codegen/protos/2nd-file.pb.h"
#include "tests/codegen/protos/lite.ipmpsc.h"
#include "tests/codegen/protos/lite.pb.h"
#include "tests/codegen/protos/names.ipmpsc.h"
#include "tests/codegen/protos/names.pb.h"
#include "tests/codegen/protos/no_package.ipmpsc.h"
#include "tests/codegen/protos/no_package.pb.h"
#include "tests/codegen/protos/nothing.ipmpsc.h"

namespace ipmpsc_test::names {
namespace {

class NamesTest : public testing::Test {
 protected:
  template <typename View, typename Message>
  const View& ViewOf(const Message& message) {
    wire_ = message.SerializeAsString();
    return *View::Parse(wire_, &arena_);
  }

  std::string wire_;
  ipmpsc::view::Arena arena_;
};

TEST_F(NamesTest, TakenNameGetsAnUnderscore) {
  FrameView message;
  message.mutable_frame()->set_width(4);
  const FrameViewView& view = ViewOf<FrameViewView>(message);
  const FrameView_& frame = view.frame();
  EXPECT_EQ(frame.width(), 4);
  EXPECT_FALSE(view.has_sender());
  EXPECT_EQ(FrameChannel::kType.name, "ipmpsc_test.names.Frame");
  EXPECT_EQ(FrameSenderChannel::kType.name, "ipmpsc_test.names.FrameSender");
  EXPECT_TRUE((std::is_class_v<FrameSender_> && std::is_class_v<FrameReceiver_> &&
               std::is_class_v<FrameLease_> && std::is_class_v<FrameSenderSender>));
}

TEST_F(NamesTest, Keywords) {
  class_ message;
  message.set_int_(3);
  message.mutable_operator_()->set_new_(4);
  message.add_template_("t");
  message.add_namespace_()->set_new_(5);
  message.set_default_(true);
  const classView& view = ViewOf<classView>(message);
  EXPECT_EQ(view.int_(), 3);
  EXPECT_EQ(view.operator_().new_(), 4);
  EXPECT_EQ(view.template_(0), "t");
  EXPECT_EQ(view.namespace_(0).new_(), 5);
  EXPECT_EQ(view.union_case(), classView::kDefault);
  EXPECT_TRUE(view.default_());
  EXPECT_TRUE((std::is_same_v<classView::deleteView, class_deleteView>));
}

TEST_F(NamesTest, ConstantsOfEnums) {
  EXPECT_EQ(FrameReceiverConstants::kFrameLease, FRAME_LEASE);
  EXPECT_EQ(FrameReceiverConstants::kFrameLease_, FrameLease);
  EXPECT_EQ(LooksConstants_::kV1_2, V_1_2);
  EXPECT_EQ(LooksConstants_::kNullptr, nullptr_);
  EXPECT_EQ(Outer_KindConstants::kD, Outer::D);
  EXPECT_EQ(Outer_Inner_KindConstants::kB, Outer::Inner::B);
}

TEST_F(NamesTest, FieldsThatLookLikeMembers) {
  Members message;
  message.set_x(1);
  message.set_x_(2);
  message.set_x__(3);
  message.set_wire("w");
  message.set_wire_("w_");
  message.set_has_bits(6);
  message.set__1(8);
  message.add_names(9);
  message.set_upper(10);
  const MembersView& view = ViewOf<MembersView>(message);
  EXPECT_EQ(view.x(), 1);
  EXPECT_EQ(view.x_(), 2);
  EXPECT_EQ(view.x__(), 3);
  EXPECT_EQ(view.wire(), "w");
  EXPECT_EQ(view.wire_(), "w_");
  EXPECT_TRUE(view.has_has_bits());
  EXPECT_FALSE(view.has_has_bits_());
  EXPECT_EQ(view._1(), 8);
  EXPECT_EQ(view.names_size(), 1);
  EXPECT_EQ(view.choice_case(), MembersView::kUPPER);
}

TEST_F(NamesTest, SameShortNames) {
  Outer message;
  message.mutable_inner()->mutable_inner2()->mutable_inner()->set_kind(Outer::Inner::B);
  message.mutable_top()->mutable_other()->set_kind(Outer::Inner::B);
  message.set_kind(Outer::D);
  (*message.mutable_by_number())[1].mutable_other()->set_kind(Outer::Inner::B);
  const OuterView& view = ViewOf<OuterView>(message);
  EXPECT_EQ(view.inner().inner2().inner().kind(), Outer::Inner::B);
  EXPECT_EQ(view.top().other().kind(), Outer::Inner::B);
  EXPECT_EQ(view.kind(), Outer::D);
  EXPECT_EQ((*view.by_number().find(1)).value().other().kind(), Outer::Inner::B);
  EXPECT_TRUE((std::is_same_v<OuterView::InnerView, Outer_InnerView>));
  EXPECT_FALSE((std::is_same_v<OuterView::InnerView, InnerView>));
}

TEST_F(NamesTest, NamesOfTheBaseClasses) {
  EXPECT_TRUE((std::is_base_of_v<ipmpsc::writer::MessageWriter, MessageWriter>));
  EXPECT_TRUE((std::is_base_of_v<ipmpsc::writer::MessageWriter, RequiredWriter>));
  EXPECT_TRUE((std::is_base_of_v<MessageWriter, MessageLoan>));
  EXPECT_TRUE(
      (std::is_constructible_v<MessageSender, ipmpsc::Sender, ipmpsc::schema::SchemaDifferences>));
  EXPECT_TRUE((std::is_constructible_v<MessageReceiver, ipmpsc::Receiver,
                                       ipmpsc::schema::SchemaDifferences>));
  EXPECT_EQ(MessageChannel::kType.name, "ipmpsc_test.names.Message");
  EXPECT_TRUE((std::is_same_v<MessageWriter::BaseWriter, Message_BaseWriter>));
  EXPECT_TRUE((std::is_same_v<SettersWriter::add_yWriter, Setters_add_yWriter>));
}

TEST_F(NamesTest, TakenNamesOfWriterAndLoan) {
  EXPECT_TRUE((std::is_base_of_v<ipmpsc::writer::MessageWriter, FrameWriter_>));
  EXPECT_TRUE((std::is_base_of_v<FrameWriter_, FrameLoan>));
  EXPECT_TRUE((std::is_base_of_v<ipmpsc::writer::MessageWriter, FrameWriterWriter>));
}

TEST_F(NamesTest, EntriesOfMaps) {
  Table message;
  (*message.mutable_row())[3] = "three";
  (*message.mutable_cell())[4].mutable_other();
  const TableView& view = ViewOf<TableView>(message);
  EXPECT_EQ((*view.row().find(3)).value(), "three");
  EXPECT_TRUE((*view.cell().find(4)).value().has_other());
  Table_RowEntry row;
  row.set_key(5);
  EXPECT_EQ(ViewOf<Table_RowEntryView>(row).key(), 5);
  EXPECT_EQ(Table_CellEntryChannel::kType.name, "ipmpsc_test.names.Table_CellEntry");
}

TEST_F(NamesTest, ConstantsOfNestedEnumsAreTaken) {
  Paint_Kind_ message;
  message.set_kind(Paint::_View);
  EXPECT_EQ(ViewOf<Paint_Kind_View>(message).kind(), Paint_KindConstants::kView);
  EXPECT_TRUE((std::is_base_of_v<ipmpsc::writer::MessageWriter, Paint_Kind_Writer_>));
  EXPECT_EQ(Paint_Kind_Writer, 0);
}

TEST_F(NamesTest, NameOfAFileThatBeginsWithADigit) {
  Second message;
  message.set_name("second");
  EXPECT_EQ(ViewOf<SecondView>(message).name(), "second");
}

TEST_F(NamesTest, NoPackage) {
  IpmpscTestNoPackage message;
  message.mutable_again()->set_kind(IpmpscTestNoPackage::UNKNOWN);
  EXPECT_TRUE(ViewOf<IpmpscTestNoPackageView>(message).has_again());
  EXPECT_EQ(IpmpscTestNoPackageChannel::kType.name, "IpmpscTestNoPackage");
}

TEST_F(NamesTest, LiteRuntime) {
  lite::Lite message;
  message.add_numbers(300);
  (*message.mutable_inside())["a"].set_text("deep");
  const lite::LiteView& view = ViewOf<lite::LiteView>(message);
  EXPECT_EQ(view.text(), "lite");
  EXPECT_EQ(view.numbers(0), 300);
  EXPECT_EQ((*view.inside().find("a")).value().text(), "deep");
  EXPECT_EQ(view.ToMessage().inside().at("a").text(), "deep");
}

// Each is true if the name means a member that a program can use.
template <typename T, typename = void>
struct HasTable : std::false_type {};
template <typename T>
struct HasTable<T, std::void_t<decltype(T::kTable_)>> : std::true_type {};
template <typename T, typename = void>
struct HasEmpty : std::false_type {};
template <typename T>
struct HasEmpty<T, std::void_t<decltype(T::kEmpty_)>> : std::true_type {};
template <typename T, typename = void>
struct HasRanges : std::false_type {};
template <typename T>
struct HasRanges<T, std::void_t<decltype(T::kRanges1_)>> : std::true_type {};
template <typename T, typename = void>
struct HasRequired : std::false_type {};
template <typename T>
struct HasRequired<T, std::void_t<decltype(T::kRequired_)>> : std::true_type {};
template <typename T, typename = void>
struct HasBase : std::false_type {};
template <typename T>
struct HasBase<T, std::void_t<typename T::Base>> : std::true_type {};
template <typename T, typename = void>
struct HasPlace : std::false_type {};
template <typename T>
struct HasPlace<T, std::void_t<typename T::AsMessage>> : std::true_type {};

// A class that has all of them shows that the tests above can be true.
struct HasAll {
  static constexpr int kTable_ = 0, kEmpty_ = 0, kRanges1_ = 0, kRequired_ = 0;
  struct Base {};
  struct AsMessage {};
};

template <typename T>
constexpr bool HasAnyOf() {
  return HasTable<T>() || HasEmpty<T>() || HasRanges<T>() || HasRequired<T>() || HasBase<T>() ||
         HasPlace<T>();
}

TEST_F(NamesTest, MembersForTheLibraryAreNotForPrograms) {
  EXPECT_TRUE(HasTable<HasAll>() && HasEmpty<HasAll>() && HasRanges<HasAll>() &&
              HasRequired<HasAll>() && HasBase<HasAll>() && HasPlace<HasAll>());
  EXPECT_FALSE(HasAnyOf<RequiredView>());
  EXPECT_FALSE(HasAnyOf<RequiredWriter>());
  EXPECT_FALSE(HasAnyOf<colorView>());
  EXPECT_FALSE(HasAnyOf<colorWriter>());
  EXPECT_FALSE(HasAnyOf<RequiredLoan>());
  EXPECT_FALSE(HasAnyOf<RequiredLease>());
  EXPECT_FALSE(HasAnyOf<RequiredSender>());
  EXPECT_FALSE(HasAnyOf<RequiredReceiver>());
  EXPECT_FALSE(HasAnyOf<RequiredChannel>());
}

}  // namespace
}  // namespace ipmpsc_test::names
