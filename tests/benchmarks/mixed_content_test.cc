// Tests the contents of the end-to-end row. Each reads the messages of every other and detects
// other bytes.
#include "benchmarks/mixed_content.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/measurement/content.h"
#include "benchmarks/transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::benchmarks {
namespace {

using ::ipmpsc::testing::IsOk;
using ::ipmpsc::testing::StatusIs;

// Keeps the sent message.
class Kept : public SenderEnd {
 public:
  absl::Status Send(absl::string_view message) override {
    message_ = std::string(message);
    return absl::OkStatus();
  }
  absl::StatusOr<char*> Loan(size_t size) override {
    message_.assign(size, 'x');
    return &message_[0];
  }
  absl::Status Publish() override { return absl::OkStatus(); }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

std::vector<std::unique_ptr<Content>> All() {
  std::vector<std::unique_ptr<Content>> all;
  all.push_back(ProtobufContent(/*in_place=*/false));
  all.push_back(ProtobufContent(/*in_place=*/true));
  all.push_back(ViewContent());
  return all;
}

TEST(MixedContentTest, EachCodecReadsTheOutputOfEach) {
  for (const auto& maker : All()) {
    for (const auto& reader : All()) {
      for (const MessageNumber number : {MessageNumber{0, 0}, {1, 0}, {3, 1234567890123}}) {
        Kept end;
        ASSERT_THAT(maker->Send(end, number), IsOk());
        EXPECT_EQ(end.message().size(), maker->size());
        const absl::StatusOr<MessageNumber> read = reader->Read(end.message());
        ASSERT_THAT(read, IsOk());
        EXPECT_EQ(read->sender, number.sender);
        EXPECT_EQ(read->sequence, number.sequence);
      }
    }
  }
}

TEST(MixedContentTest, NoticesATornMessage) {
  for (const auto& content : All()) {
    Kept end;
    ASSERT_THAT(content->Send(end, {1, 2}), IsOk());
    std::string torn = end.message();
    torn.back() = static_cast<char>(torn.back() ^ 1);  // the last field's value
    EXPECT_THAT(content->Read(torn), StatusIs(absl::StatusCode::kDataLoss));
    torn = end.message().substr(0, end.message().size() - 1);
    EXPECT_THAT(content->Read(torn), StatusIs(absl::StatusCode::kDataLoss));
  }
}

}  // namespace
}  // namespace ipmpsc::benchmarks
