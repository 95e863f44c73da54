#include "ipmpsc/wire/utf8.h"

#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/quiet_protobuf.h"

namespace ipmpsc::wire {
namespace {

// Whether protobuf accepts `text` as a string of proto3.
bool ProtobufAccepts(const std::string& text) {
  const std::string wire = std::string("\x0a") + static_cast<char>(text.size()) + text;
  google::protobuf::StringValue message;
  return message.ParseFromString(wire);
}

class Utf8Test : public ::testing::Test {
 protected:
  void Compare(const std::string& text) {
    ASSERT_EQ(IsUtf8(text), ProtobufAccepts(text)) << absl::BytesToHexString(text);
  }
  ipmpsc::testing::QuietProtobuf silencer_;
};

TEST_F(Utf8Test, AllOfOneAndTwoBytes) {
  ASSERT_NO_FATAL_FAILURE(Compare(""));
  for (int a = 0; a < 256; ++a) {
    ASSERT_NO_FATAL_FAILURE(Compare(std::string(1, static_cast<char>(a))));
    for (int b = 0; b < 256; ++b) {
      ASSERT_NO_FATAL_FAILURE(Compare({static_cast<char>(a), static_cast<char>(b)}));
    }
  }
}

// Combines every leading byte with the limits of the bytes that may follow.
TEST_F(Utf8Test, EdgesOfThreeAndFourBytes) {
  const int edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xe0, 0xff};
  for (int a = 0; a < 256; ++a) {
    for (const int b : edges) {
      for (const int c : edges) {
        const std::string three = {static_cast<char>(a), static_cast<char>(b),
                                   static_cast<char>(c)};
        ASSERT_NO_FATAL_FAILURE(Compare(three));
        for (const int d : edges) {
          ASSERT_NO_FATAL_FAILURE(Compare(three + static_cast<char>(d)));
        }
      }
    }
  }
}

// The validator checks several bytes at a time.
TEST_F(Utf8Test, EveryPlaceInLongerText) {
  for (size_t size = 1; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = '\xff';
      EXPECT_FALSE(IsUtf8(text)) << size << " " << at;
      if (at + 2 > size) continue;
      text.replace(at, 2, "\xc3\xa4");
      EXPECT_TRUE(IsUtf8(text)) << size << " " << at;
    }
  }
}

}  // namespace
}  // namespace ipmpsc::wire
