#include "examples/demo/sender.h"

#include <errno.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/demo/checksum.h"
#include "examples/demo/demo.ipmpsc.h"
#include "examples/demo/demo.pb.h"
#include "examples/stop.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::examples {
namespace {

constexpr uint32_t kWidth = 3840;
constexpr uint32_t kHeight = 2160;

// Bounds the wait for a receiver that is stuck.
constexpr absl::Duration kPatience = absl::Seconds(10);

absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (lines.empty())
    return absl::InvalidArgumentError(absl::StrCat(path, " has no lines; name another text file"));
  return lines;
}

// Draws a gradient that moves from picture to picture.
void Draw(uint64_t sequence, std::string* pixels) {
  pixels->resize(kWidth * kHeight * 3 / 2);
  constexpr uint64_t kRamp = 0x0706050403020100;
  constexpr uint64_t kEachByte = 0x0101010101010101;
  for (size_t i = 0; i < pixels->size(); i += sizeof(uint64_t)) {
    // Writes eight neighbours at once. A carry between them is harmless in a test picture.
    const uint64_t word = kRamp + kEachByte * ((i + sequence) & 0xFF);
    std::memcpy(&(*pixels)[i], &word, sizeof(word));
  }
}

// Numbers, signs and sends messages one by one.
class NumberingSender {
 public:
  NumberingSender(const DemoSending& sending, DemoMessageSender sender, DemoLedger* ledger)
      : end_(sending.time), sender_(std::move(sender)), ledger_(&ledger->senders[sending.sender]) {
    message_.set_sender(sending.sender);
  }

  bool MayEnd() const { return end_.Passed() || StopRequested(); }
  uint64_t next_sequence() const { return message_.sequence() + 1; }
  DemoMessage& message() { return message_; }

  absl::Status Send(absl::string_view content) {
    message_.set_sequence(next_sequence());
    message_.set_checksum(DemoChecksum(message_.sender(), message_.sequence(), content));
    const absl::Status sent = sender_.Send(message_, kPatience);
    // Relaxed: other processes read the counter after this process has ended.
    if (sent.ok()) ledger_->committed.store(message_.sequence(), std::memory_order_relaxed);
    return sent;
  }

 private:
  const Deadline end_;
  DemoMessageSender sender_;
  DemoLedger::Sender* const ledger_;
  DemoMessage message_;
};

}  // namespace

absl::Status SendText(const DemoSending& sending, const std::string& text, DemoLedger* ledger) {
  const absl::StatusOr<std::vector<std::string>> lines = ReadLines(text);
  if (!lines.ok()) return lines.status();
  absl::StatusOr<DemoMessageSender> sender = DemoMessageSender::Open(sending.channel);
  if (!sender.ok()) return sender.status();
  NumberingSender numbering(sending, *std::move(sender), ledger);
  while (!numbering.MayEnd()) {
    for (const std::string& line : *lines) {
      numbering.message().set_line(line);
      const absl::Status sent = numbering.Send(line);
      if (!sent.ok()) return sent;
    }
  }
  return absl::OkStatus();
}

absl::Status SendFrames(const DemoSending& sending, uint64_t most, DemoLedger* ledger) {
  absl::StatusOr<DemoMessageSender> sender = DemoMessageSender::Open(sending.channel);
  if (!sender.ok()) return sender.status();
  NumberingSender numbering(sending, *std::move(sender), ledger);
  VideoFrame* const frame = numbering.message().mutable_frame();
  frame->set_width(kWidth);
  frame->set_height(kHeight);
  for (uint64_t i = 0; !numbering.MayEnd() && (most == 0 || i < most); ++i) {
    Draw(numbering.next_sequence(), frame->mutable_pixels());
    const absl::Status sent = numbering.Send(frame->pixels());
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::examples
