// Confluent's wire format, by the bytes of its specification.
#include "bridge/confluent.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "ipmpsc/info.pb.h"

namespace ipmpsc::bridge {
namespace {

using ::testing::ElementsAre;

TEST(ConfluentTest, WritesTheBytesOfTheSpecification) {
  // The file's first message is one zero byte.
  EXPECT_EQ(absl::BytesToHexString(ConfluentPrefix(1, {0})), "000000000100");
  // The specification's own example: the path 1, 0 is "4 2 0".
  EXPECT_EQ(absl::BytesToHexString(ConfluentPrefix(0x12345678, {1, 0})), "0012345678040200");
  EXPECT_EQ(absl::BytesToHexString(ConfluentPrefix(0x7fffffff, {1})), "007fffffff0202");
  EXPECT_EQ(absl::BytesToHexString(ConfluentPrefix(100, {64, 63})),
            "000000006404"
            "8001"
            "7e");
}

TEST(ConfluentTest, FindsTheMessageInItsFile) {
  ChannelInfo info;
  google::protobuf::FileDescriptorProto* const imported = info.mutable_schema()->add_file();
  imported->set_package("a");
  imported->add_message_type()->set_name("Other");
  google::protobuf::FileDescriptorProto* const file = info.mutable_schema()->add_file();
  file->set_package("a.b");
  file->add_message_type()->set_name("Frame");
  google::protobuf::DescriptorProto* const frames = file->add_message_type();
  frames->set_name("Frames");
  frames->add_nested_type()->set_name("First");
  frames->add_nested_type()->set_name("Second");
  const auto find = [&](const std::string& name) {
    info.set_message(name);
    return FindMessageType(info);
  };
  EXPECT_THAT(find("a.Other")->path, ElementsAre(0));
  EXPECT_EQ(find("a.Other")->file, 0);
  EXPECT_THAT(find("a.b.Frame")->path, ElementsAre(0));
  EXPECT_EQ(find("a.b.Frame")->file, 1);
  // Another message's name is the beginning of this one.
  EXPECT_THAT(find("a.b.Frames")->path, ElementsAre(1));
  EXPECT_THAT(find("a.b.Frames.Second")->path, ElementsAre(1, 1));
  for (const char* const name : {"", "a.b", "a.b.", "Frame", "a.b.Frames.", "a.b.Frame.First"}) {
    EXPECT_TRUE(absl::IsNotFound(find(name).status())) << name;
  }
  // Without a package.
  file->clear_package();
  EXPECT_THAT(find("Frames.First")->path, ElementsAre(1, 0));
}

}  // namespace
}  // namespace ipmpsc::bridge
