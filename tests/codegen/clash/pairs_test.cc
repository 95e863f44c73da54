// Tests a message or an enum of one file with the name of a class that is generated for another.
// The name in the package belongs to protobuf. The generated class lies in its file's namespace, or
// has an underscore appended if the plugin could see the other name.
#include <string>
#include <type_traits>

#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/clash/pairs_above.ipmpsc.h"
#include "tests/codegen/clash/pairs_above.pb.h"
#include "tests/codegen/clash/pairs_apart.ipmpsc.h"
#include "tests/codegen/clash/pairs_apart.pb.h"
#include "tests/codegen/clash/pairs_base.ipmpsc.h"
#include "tests/codegen/clash/pairs_base.pb.h"
#include "tests/codegen/clash/pairs_importing.ipmpsc.h"
#include "tests/codegen/clash/pairs_importing.pb.h"
#include "tests/codegen/clash/pairs_same.ipmpsc.h"
#include "tests/codegen/clash/pairs_same.pb.h"

namespace ipmpsc_test::pairs {
namespace {

namespace base = in_tests_2fcodegen_2fclash_2fpairs_5fbase_2eproto;

template <typename T>
constexpr bool kIsMessage = std::is_base_of_v<google::protobuf::Message, T>;

// The name in the package is protobuf's class.
#define EXPECT_PROTOBUFS(name)                    \
  EXPECT_TRUE(kIsMessage<name##View>);            \
  EXPECT_TRUE(kIsMessage<name##Writer>);          \
  EXPECT_TRUE(kIsMessage<name##Channel>);         \
  EXPECT_TRUE(kIsMessage<name##Loan>);            \
  EXPECT_TRUE(kIsMessage<name##Lease>);           \
  EXPECT_TRUE(kIsMessage<name##Sender>);          \
  EXPECT_TRUE(kIsMessage<name##Receiver>);        \
  EXPECT_TRUE(kIsMessage<name##Tap>);             \
  EXPECT_TRUE(kIsMessage<name##KindConstants>);   \
  EXPECT_TRUE(std::is_enum_v<name##TooView>);     \
  EXPECT_TRUE(std::is_enum_v<name##TooWriter>);   \
  EXPECT_TRUE(std::is_enum_v<name##TooChannel>);  \
  EXPECT_TRUE(std::is_enum_v<name##TooLoan>);     \
  EXPECT_TRUE(std::is_enum_v<name##TooLease>);    \
  EXPECT_TRUE(std::is_enum_v<name##TooSender>);   \
  EXPECT_TRUE(std::is_enum_v<name##TooReceiver>); \
  EXPECT_TRUE(std::is_enum_v<name##TooTap>);      \
  EXPECT_TRUE(std::is_enum_v<name##KindTooConstants>)

// The generated classes are complete.
#define EXPECT_GENERATED(prefix, suffix)                                                       \
  EXPECT_EQ((std::is_base_of_v<ipmpsc::writer::MessageWriter, prefix##Writer##suffix>), true); \
  EXPECT_TRUE((std::is_base_of_v<prefix##Writer##suffix, prefix##Loan##suffix>));              \
  EXPECT_GT(sizeof(prefix##View##suffix), 0u);                                                 \
  EXPECT_GT(sizeof(prefix##Lease##suffix), 0u);                                                \
  EXPECT_GT(sizeof(prefix##Sender##suffix), 0u);                                               \
  EXPECT_GT(sizeof(prefix##Receiver##suffix), 0u);                                             \
  EXPECT_GT(sizeof(prefix##Tap##suffix), 0u);                                                  \
  EXPECT_FALSE(prefix##Channel##suffix::kType.name.empty())

TEST(PairsTest, NamesOfThePackageAreProtobufs) {
  EXPECT_PROTOBUFS(Below);
  EXPECT_PROTOBUFS(Apart);
  EXPECT_PROTOBUFS(Above);
  EXPECT_PROTOBUFS(Same);
}

TEST(PairsTest, GeneratedClassesLieInTheNamespaceOfTheFile) {
  EXPECT_GENERATED(base::Below, );
  EXPECT_GENERATED(base::BelowToo, );
  EXPECT_GENERATED(base::Apart, );
  EXPECT_GENERATED(base::ApartToo, );
  EXPECT_EQ(base::BelowKindConstants::kBelowkindOne, BELOWKIND_ONE);
  EXPECT_EQ(base::ApartKindTooConstants::kApartkindtooOne, APARTKINDTOO_ONE);
}

TEST(PairsTest, NameKnownTwiceInAFileGetsAnUnderscore) {
  EXPECT_GENERATED(Above, _);
  EXPECT_GENERATED(AboveToo, _);
  EXPECT_GENERATED(Same, _);
  EXPECT_GENERATED(SameToo, _);
  EXPECT_EQ(AboveKindConstants_::kAbovekindOne, ABOVEKIND_ONE);
  EXPECT_EQ(SameKindTooConstants_::kSamekindtooOne, SAMEKINDTOO_ONE);
}

template <typename View, typename Message>
const View& ViewOf(const Message& message, std::string* wire, ipmpsc::view::Arena* arena) {
  *wire = message.SerializeAsString();
  return *View::Parse(*wire, arena);
}

TEST(PairsTest, FieldsOfTypesOfBothKinds) {
  ipmpsc::view::Arena arena;
  std::string wire;
  Importing importing;
  importing.mutable_message()->set_number(3);
  importing.set_number(BELOWTOO_VIEW_ONE);
  importing.mutable_below()->set_number(4);
  importing.set_kind(BELOWKIND_ONE);
  const ImportingView& view = ViewOf<ImportingView>(importing, &wire, &arena);
  const BelowViewView& message = view.message();
  const base::BelowView& below = view.below();
  const BelowTooView number = view.number();
  EXPECT_EQ(message.number(), 3u);
  EXPECT_EQ(below.number(), 4u);
  EXPECT_EQ(number, BELOWTOO_VIEW_ONE);
  EXPECT_EQ(view.kind(), base::BelowKindConstants::kBelowkindOne);
  std::string same_wire;
  LivesHere here;
  here.mutable_same()->set_number(5);
  here.set_number(SAMETOO_VIEW_ONE);
  const LivesHereView& here_view = ViewOf<LivesHereView>(here, &same_wire, &arena);
  const SameView_& same = here_view.same();
  EXPECT_EQ(same.number(), 5u);
  EXPECT_EQ(here_view.number(), SAMETOO_VIEW_ONE);
}

}  // namespace
}  // namespace ipmpsc_test::pairs
