#include "bridge/end_name.h"

#include <cstddef>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace ipmpsc::bridge {
namespace {

TEST(EndNameTest, NamesTheEngine) {
  EXPECT_EQ(EndName("nats://localhost:4222", "quotes.us"),
            "ipmpsc-bridge nats://localhost:4222/quotes.us");
  const auto end = ParseEndName("ipmpsc-bridge nats://localhost:4222/quotes.us");
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->address, "nats://localhost:4222/quotes.us");
  EXPECT_TRUE(end->whole);
}

TEST(EndNameTest, KeepsTheEndsOfALongAddress) {
  EXPECT_EQ(EndName("kafka+tls://broker-1.example.org:9093,broker-2.example.org:9093", "quotes"),
            "ipmpsc-bridge kafka+tls://broker-1.example.org:9093,br.../quotes");
  EXPECT_EQ(EndName("nats://localhost:4222", "plant.hall-3.line-7.robot-12.joints.temperature"),
            "ipmpsc-bridge nats://localhost:4222/...bot-12.joints.temperature");
}

TEST(EndNameTest, FitsAChannelsName) {
  for (size_t server = 1; server < 80; ++server) {
    for (size_t subject = 1; subject < 80; ++subject) {
      const std::string from = absl::StrCat("nats://", std::string(server, 's'));
      const std::string to(subject, 't');
      const std::string name = EndName(from, to);
      const std::string full = absl::StrCat(from, "/", to);
      EXPECT_LE(name.size(), 64u) << name;
      const auto end = ParseEndName(name);
      ASSERT_TRUE(end.has_value()) << name;
      EXPECT_EQ(end->whole, full.size() + 14 <= 64) << name;
      if (end->whole) {
        EXPECT_EQ(end->address, full);
      } else {
        EXPECT_EQ(name.size(), 64u) << name;
      }
      // Enough of both is left.
      EXPECT_TRUE(absl::StrContains(name, from.substr(0, 21))) << name;
      EXPECT_TRUE(absl::EndsWith(name, to.substr(to.size() - (to.size() < 22 ? to.size() : 22))))
          << name;
    }
  }
}

TEST(EndNameTest, OtherNamesAreNoBridges) {
  for (const char* const name :
       {"", "camera", "ipmpsc-bridge", "ipmpsc-bridge ", "ipmpsc-bridge x",
        "my ipmpsc-bridge nats://a:1/b", "ipmpsc-bridge nats://a:1/b; rm",
        "ipmpsc-bridge nats://a:1/b\n", "ipmpsc-bridge nats://a:1/\xc3\xa4"}) {
    EXPECT_FALSE(ParseEndName(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace ipmpsc::bridge
