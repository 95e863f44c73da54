// The envelopes, which peers write.
#include "ipmpsc/rpc/envelope.h"

#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace ipmpsc::rpc {
namespace {

template <typename Envelope>
std::string Bytes(const Envelope& envelope) {
  std::string bytes(kEnvelopeSize, '\0');
  WriteEnvelope(envelope, bytes.data());
  return bytes;
}

TEST(EnvelopeTest, FieldsComeBack) {
  RequestEnvelope request;
  ASSERT_TRUE(ReadEnvelope(Bytes(RequestEnvelope{RequestKind::kCancel, 1, 2, 3, -4}), &request));
  EXPECT_EQ(request.kind, RequestKind::kCancel);
  EXPECT_EQ(request.method, 1u);
  EXPECT_EQ(request.call, 2u);
  EXPECT_EQ(request.reply, 3u);
  EXPECT_EQ(request.deadline, -4);
  ReplyEnvelope reply;
  ASSERT_TRUE(ReadEnvelope(Bytes(ReplyEnvelope{ReplyKind::kStatus, 16, 5}) + "text", &reply));
  EXPECT_EQ(reply.kind, ReplyKind::kStatus);
  EXPECT_EQ(reply.code, 16u);
  EXPECT_EQ(reply.call, 5u);
}

// The layout is a part of the protocol between programs that were built at different times.
TEST(EnvelopeTest, LayoutIsTheDocumentedOne) {
  const std::string request = Bytes(RequestEnvelope{RequestKind::kCall, 0x04030201, 7, 8, 9});
  EXPECT_EQ(request.substr(0, 8), absl::string_view("q1\1\0\1\2\3\4", 8));
  EXPECT_EQ(request[8], 7);
  EXPECT_EQ(request[16], 8);
  EXPECT_EQ(request[24], 9);
  const std::string reply = Bytes(ReplyEnvelope{ReplyKind::kPart, 0, 7});
  EXPECT_EQ(reply.substr(0, 9), absl::string_view("r1\1\0\0\0\0\0\7", 9));
}

TEST(EnvelopeTest, InvalidOnesAreRefused) {
  const std::string request = Bytes(RequestEnvelope{});
  const std::string reply = Bytes(ReplyEnvelope{});
  RequestEnvelope read_request;
  ReplyEnvelope read_reply;
  for (size_t size = 0; size < kEnvelopeSize; ++size) {
    EXPECT_FALSE(ReadEnvelope(absl::string_view(request).substr(0, size), &read_request));
    EXPECT_FALSE(ReadEnvelope(absl::string_view(reply).substr(0, size), &read_reply));
  }
  EXPECT_FALSE(ReadEnvelope(reply, &read_request));
  EXPECT_FALSE(ReadEnvelope(request, &read_reply));
  const auto changed = [](std::string bytes, size_t at, char value) {
    bytes[at] = value;
    return bytes;
  };
  for (const char kind : {0, 3, 127}) {
    EXPECT_FALSE(ReadEnvelope(changed(request, 2, kind), &read_request));
  }
  for (const char kind : {0, 4, 127}) {
    EXPECT_FALSE(ReadEnvelope(changed(reply, 2, kind), &read_reply));
  }
  for (const size_t reserved : {32u, 47u}) {
    EXPECT_FALSE(ReadEnvelope(changed(request, reserved, 1), &read_request))
        << "of a later version";
    EXPECT_FALSE(ReadEnvelope(changed(reply, reserved, 1), &read_reply)) << "of a later version";
  }
  EXPECT_FALSE(ReadEnvelope(changed(reply, 4, 1), &read_reply)) << "a code with a message";
  std::string status = Bytes(ReplyEnvelope{ReplyKind::kStatus, 0, 1});
  EXPECT_TRUE(ReadEnvelope(changed(status, 4, 16), &read_reply));
  EXPECT_FALSE(ReadEnvelope(changed(status, 4, 17), &read_reply)) << "no code of absl::Status";
}

// An envelope that was read can be written back to the same bytes: nothing is taken from beyond the
// checks.
TEST(EnvelopeTest, RandomBytesAreRefusedOrReadExactly) {
  std::mt19937_64 random(1);
  int read = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string request = Bytes(RequestEnvelope{RequestKind::kCall, 1, 2, 3, 4});
    std::string reply = Bytes(ReplyEnvelope{ReplyKind::kStatus, 1, 2});
    for (std::string* const bytes : {&request, &reply}) {
      for (uint64_t changes = random() % 4; changes > 0; --changes) {
        (*bytes)[random() % bytes->size()] = static_cast<char>(random());
      }
    }
    RequestEnvelope read_request;
    if (ReadEnvelope(request, &read_request)) {
      EXPECT_EQ(Bytes(read_request), request);
      ++read;
    }
    ReplyEnvelope read_reply;
    if (ReadEnvelope(reply, &read_reply)) {
      EXPECT_EQ(Bytes(read_reply), reply);
      ++read;
    }
  }
  EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace ipmpsc::rpc
