// Uses views and loans in every way without protobuf.
#include <cstring>
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/lite.ipmpsc.h"

namespace ipmpsc_test {
namespace {

ipmpsc::ChannelOptions Small() {
  ipmpsc::ChannelOptions options;
  options.capacity = 65536;
  return options;
}

absl::Status ExchangeFrame() {
  absl::StatusOr<ipmpsc::Channel> channel = camera::FrameChannel::CreateAnonymous(Small());
  if (!channel.ok()) return channel.status();
  absl::StatusOr<camera::FrameSender> sender = camera::FrameSender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  absl::StatusOr<camera::FrameReceiver> receiver = camera::FrameReceiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();

  absl::StatusOr<camera::FrameLoan> loan = sender->Claim(1000, absl::Seconds(10));
  if (!loan.ok()) return loan.status();
  loan->set_width(1920);
  loan->set_format(camera::FormatConstants::kFormatRgb);
  const absl::Span<char> pixels = loan->mutable_pixels(6);
  std::memcpy(pixels.data(), "pixels", pixels.size());
  loan->mutable_taken().set_seconds(17);
  loan->add_faces().add_inside().set_x(3);
  loan->add_counters("drops", 2);
  const absl::Status published = std::move(*loan).Publish();
  if (!published.ok()) return published;

  absl::StatusOr<camera::FrameLease> frame = receiver->Receive(absl::Seconds(10));
  if (!frame.ok()) return frame.status();
  const std::string read =
      absl::StrCat((*frame)->width(), " ", static_cast<int>((*frame)->format()), " ",
                   (*frame)->pixels(), " ", (*frame)->taken().seconds(), " ",
                   (*frame)->faces(0).inside(0).x(), " ", (*(*frame)->counters().begin()).value());
  if ((*frame)->format() == camera::FormatConstants::kFormatUnspecified)
    return absl::InternalError("an enum's constant is another");
  return read == "1920 2 pixels 17 3 2" ? absl::OkStatus() : absl::InternalError(read);
}

absl::Status ExchangeLite() {
  absl::StatusOr<ipmpsc::Channel> channel = lite::LiteChannel::CreateAnonymous(Small());
  if (!channel.ok()) return channel.status();
  absl::StatusOr<lite::LiteSender> sender = lite::LiteSender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  absl::StatusOr<lite::LiteReceiver> receiver = lite::LiteReceiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();

  absl::StatusOr<lite::LiteLoan> loan = sender->TryClaim(100);
  if (!loan.ok()) return loan.status();
  loan->add_inside("a").add_numbers({300, -1});
  const absl::Status published = std::move(*loan).Publish();
  if (!published.ok()) return published;

  absl::StatusOr<lite::LiteLease> got = receiver->TryReceive();
  if (!got.ok()) return got.status();
  const lite::LiteView& inside = (*(*got)->inside().find("a")).value();
  const std::string read = absl::StrCat(inside.text(), " ", inside.numbers(0), inside.numbers(1));
  return read == "lite 300-1" ? absl::OkStatus() : absl::InternalError(read);
}

}  // namespace
}  // namespace ipmpsc_test

int main() {
  absl::Status status = ipmpsc_test::ExchangeFrame();
  status.Update(ipmpsc_test::ExchangeLite());
  std::cout << status << "\n";
  return status.ok() ? 0 : 1;
}
