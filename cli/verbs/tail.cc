// ipmpsc tail: prints messages beside the receiver, without taking part.
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/message_text.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/post_mortem.h"
#include "ipmpsc/tap.h"

namespace ipmpsc::cli {
namespace {

struct TailOptions {
  std::string channel;
  PrintOptions print;
  TapStart from = TapStart::kNow;
  uint64_t count = std::numeric_limits<uint64_t>::max();
  absl::Duration timeout = absl::InfiniteDuration();
  bool no_wait = false;
  bool follow = false;
  bool strict = false;
  bool post_mortem = false;
};

// With --no-wait, the longest wait for a message that is being written. A tap looks every 2 ms, and
// a search takes several looks.
constexpr absl::Duration kSilence = absl::Milliseconds(100);

MessageMeta MetaOf(const TapMessage& message) {
  MessageMeta meta;
  meta.position = message.position;
  meta.sender = message.sender;
  if (message.sequence != 0) meta.sent_at = message.sent_at();
  meta.sequence = message.sequence;
  meta.lost_before = message.lost_before;
  return meta;
}

void TellLoss(const TapLoss& loss) {
  if (loss.bytes == 0) return;
  Complain(absl::StrCat("senders overwrote ", loss.messages_are_exact ? "" : "about ",
                        CountText(loss.messages, "message"), " (", BytesText(loss.bytes),
                        ") before they were read"));
}

ExitStatus EndOf(const MessagePrinter& printer, bool lost, bool strict) {
  if (lost && strict) return kLoss;
  return printer.misfits() > 0 ? kFailed : kSuccess;
}

ExitStatus TailDead(const TailOptions& options) {
  absl::StatusOr<PostMortem> found = PostMortem::Open(FindChannel(options.channel));
  if (!found.ok()) return Fail(found.status());
  absl::StatusOr<MessagePrinter> printer = MessagePrinter::For(found->channel(), options.print);
  if (absl::IsInvalidArgument(printer.status())) return Fail(kUsage, printer.status().message());
  if (!printer.ok()) return Fail(printer.status());
  for (uint64_t printed = 0; printed < options.count && !StopRequested();) {
    const absl::StatusOr<PostMortemMessage> message = found->Next();
    if (absl::IsOutOfRange(message.status())) break;
    if (!message.ok()) return Fail(message.status());
    MessageMeta meta = MetaOf(*message);
    meta.released = message->released;
    printed += printer->PrintMessage(message->payload, meta);
  }
  for (const Orphan& orphan : found->orphans()) {
    Complain(absl::StrCat(
        "position ", orphan.position, ": a sender ",
        orphan.sender.has_value() ? absl::StrCat("(slot ", *orphan.sender, ") ") : std::string(),
        "died before it had committed its claim of ", BytesText(orphan.bytes)));
  }
  return EndOf(*printer, /*lost=*/false, options.strict);
}

class Tailer {
 public:
  explicit Tailer(const TailOptions& options) : options_(options) {}

  // Opens the channel at the path and prints what comes, until it ends.
  ExitStatus Run() {
    const std::string path = FindChannel(options_.channel);
    TapStart from = options_.from;
    for (;;) {
      const absl::StatusOr<Channel> channel =
          options_.follow ? AwaitToLook(path, options_.timeout) : Channel::OpenReadOnly(path);
      if (absl::IsCancelled(channel.status())) return kSuccess;
      if (!channel.ok()) return Fail(channel.status());
      absl::StatusOr<MessagePrinter> printer = MessagePrinter::For(*channel, options_.print);
      if (absl::IsInvalidArgument(printer.status())) {
        return Fail(kUsage, printer.status().message());
      }
      if (!printer.ok()) return Fail(printer.status());
      Tap tap = Tap::Over(*channel, {from});
      const absl::Status end = PrintAll(tap, *printer);
      std::fflush(stdout);
      TellLoss(tap.loss());
      lost_ |= tap.loss().bytes > 0;
      if (absl::IsAborted(end) && options_.follow) {
        Complain("the channel was replaced or removed; continues with the next one at this path");
        from = TapStart::kOldestUnreleased;
        continue;
      }
      if (absl::IsAborted(end)) Complain(end.message());
      if (absl::IsDeadlineExceeded(end) && !options_.no_wait) {
        return Fail(kTimeout, absl::StrCat("no message to print came within ",
                                           DurationText(options_.timeout)));
      }
      if (absl::IsDataLoss(end)) return Fail(end);
      return EndOf(*printer, lost_, options_.strict);
    }
  }

 private:
  // Waits for the next message in steps, so that a signal ends the wait.
  absl::Status Next(Tap& tap, Deadline deadline, TapMessage* message) {
    bool flushed = false;
    for (;;) {
      const absl::Status status = flushed ? tap.Next(kLookForStop, message) : tap.TryNext(message);
      const bool nothing = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
      if (!nothing) return status;
      if (!flushed) std::fflush(stdout);  // Once all that is there has been printed.
      flushed = true;
      if (StopRequested() || std::ferror(stdout) != 0) return absl::CancelledError();
      if (deadline.Passed()) return absl::DeadlineExceededError("");
      // Nothing says to an open channel that its file was removed and another one created.
      if (options_.follow && tap.channel().state() == ChannelState::kUnlinked) {
        return absl::AbortedError("the channel was removed");
      }
    }
  }

  // Returns why it ended: OK after --count messages.
  absl::Status PrintAll(Tap& tap, MessagePrinter& printer) {
    TapMessage message;
    Deadline deadline = options_.no_wait ? kSilence : options_.timeout;
    uint64_t untold_loss = 0;
    // A busy channel is never silent.
    const uint64_t end = options_.no_wait ? tap.channel().Stats().claim_position
                                          : std::numeric_limits<uint64_t>::max();
    while (printed_ < options_.count) {
      if (StopRequested() || std::ferror(stdout) != 0) return absl::CancelledError();
      if (absl::Status status = Next(tap, deadline, &message); !status.ok()) return status;
      if (message.position >= end) break;
      if (message.lost_before > 0 && !options_.print.meta) {
        Complain(absl::StrCat("lost ", BytesText(message.lost_before), " before position ",
                              message.position));
      }
      MessageMeta meta = MetaOf(message);
      // The filters may leave out the message behind a loss.
      meta.lost_before += untold_loss;
      const bool printed = printer.PrintMessage(message.payload, meta);
      untold_loss = printed ? 0 : meta.lost_before;
      printed_ += printed;
      // --timeout is the wait for a message that the filters let through, so that a script ends.
      if (options_.no_wait) {
        deadline = kSilence;
      } else if (printed) {
        deadline = options_.timeout;
      }
      if (tap.position() >= end) break;
    }
    return absl::OkStatus();
  }

  const TailOptions& options_;
  uint64_t printed_ = 0;
  bool lost_ = false;
};

ExitStatus TailMessages(const TailOptions& options) {
  StopOnSignals();
  return options.post_mortem ? TailDead(options) : Tailer(options).Run();
}

}  // namespace

void AddTail(Program& program) {
  const auto options = std::make_shared<TailOptions>();
  CLI::App* const verb = program.AddVerb(
      "tail", "Prints the messages of a channel, beside its receiver and without taking part.",
      "  ipmpsc tail quotes\n"
      "  ipmpsc tail quotes --meta --from kept --count 10\n"
      "  ipmpsc tail camera.frames --filter 'exposure>0.5' --max-bytes 16\n"
      "  ipmpsc tail quotes --json | jq .price\n"
      "  ipmpsc tail quotes --post-mortem --meta\n",
      [options] { return TailMessages(*options); });
  verb->alias("echo");
  AddChannelArgument(verb, &options->channel);
  verb->add_option(
          "--from", options->from,
          "begin with: now, what is sent from now on (default); oldest, the oldest message "
          "that is not released; kept, the last three quarters of the ring")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, TapStart>{{"now", TapStart::kNow},
                                                      {"oldest", TapStart::kOldestUnreleased},
                                                      {"kept", TapStart::kOldestKept}})
                      .description(""))
      ->type_name("now|oldest|kept");
  verb->add_option("--count", options->count, "end after so many messages")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  AddDurationOption(
      verb, "--timeout", &options->timeout,
      "end with status 5 if no message comes for so long, or none that the filters let through");
  verb->add_flag("--no-wait", options->no_wait, "end with the last message that is there now");
  verb->add_flag("--follow,-F", options->follow,
                 "wait until the channel is created, and go on with the next one at its path");
  verb->add_flag("--strict", options->strict, "end with status 6 if messages were lost");
  verb->add_flag("--post-mortem", options->post_mortem,
                 "print what dead programs left, of a channel or a copy of its file: received "
                 "messages that are not overwritten, and those that were not received")
      ->excludes("--from")
      ->excludes("--follow");
  AddPrintOptions(verb, &options->print);
}

}  // namespace ipmpsc::cli
