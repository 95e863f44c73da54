// ipmpsc receive: takes messages out of a channel and prints them.
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
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
#include "ipmpsc/receiver.h"

namespace ipmpsc::cli {
namespace {

struct ReceiveOptions {
  std::string channel;
  PrintOptions print;
  uint64_t count = std::numeric_limits<uint64_t>::max();
  absl::Duration timeout = absl::InfiniteDuration();
  bool no_wait = false;
  bool quiet = false;
};

// Waits for the next message in steps, so that a signal ends the wait.
absl::StatusOr<Lease> Next(Receiver& receiver, const ReceiveOptions& options) {
  const Deadline deadline = options.no_wait ? absl::ZeroDuration() : options.timeout;
  for (;;) {
    absl::StatusOr<Lease> lease =
        receiver.Receive(options.no_wait ? absl::ZeroDuration() : kLookForStop);
    if (!absl::IsDeadlineExceeded(lease.status())) return lease;
    if (StopRequested()) return absl::CancelledError();
    if (deadline.Passed()) return lease;
  }
}

ExitStatus Receive(const ReceiveOptions& options) {
  StopOnSignals();
  absl::StatusOr<Channel> channel = Channel::Open(FindChannel(options.channel));
  if (!channel.ok()) return Fail(channel.status());
  // Before it takes anything: a filter may be wrong.
  absl::StatusOr<MessagePrinter> printer = MessagePrinter::For(*channel, options.print);
  if (absl::IsInvalidArgument(printer.status())) return Fail(kUsage, printer.status().message());
  if (!printer.ok()) return Fail(printer.status());
  ReceiverOptions as;
  as.name = "ipmpsc receive";
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel, as);
  if (absl::IsAlreadyExists(receiver.status())) {
    return Fail(kFailed, absl::StrCat(receiver.status().message(),
                                      "; `ipmpsc tail` shows messages beside a receiver"));
  }
  if (!receiver.ok()) return Fail(receiver.status());
  if (!options.quiet) {
    Complain(absl::StrCat("is now the receiver of ", Printable(channel->path()),
                          ": it takes the messages out of the channel. `ipmpsc tail` would not"));
  }
  uint64_t taken = 0;
  ExitStatus status = kSuccess;
  while (taken < options.count && !StopRequested()) {
    absl::StatusOr<Lease> lease = Next(*receiver, options);
    if (!lease.ok()) {
      if (absl::IsDeadlineExceeded(lease.status()) && !options.no_wait) {
        status =
            Fail(kTimeout, absl::StrCat("no message came within ", DurationText(options.timeout)));
      } else if (absl::IsDataLoss(lease.status())) {
        status = Fail(lease.status());
      } else if (absl::IsAborted(lease.status()) || absl::IsOutOfRange(lease.status())) {
        if (!options.quiet) Complain(lease.status().message());
      }
      break;
    }
    MessageMeta meta;
    meta.position = lease->position();
    meta.sender = lease->sender();
    if (lease->sequence() != 0) meta.sent_at = lease->sent_at();
    meta.sequence = lease->sequence();
    printer->PrintMessage(lease->payload(), meta);
    // A message that could not be written stays in the channel for the next receiver.
    if (!FinishOutput()) {
      Complain(absl::StrCat("cannot write to standard output; the message at position ",
                            meta.position, " stays in the channel"));
      // The end of a lease releases the message. The end of the process does not.
      std::_Exit(kFailed);
    }
    std::move(*lease).Release();
    ++taken;
  }
  if (!options.quiet) Complain(absl::StrCat("took ", CountText(taken, "message")));
  return status == kSuccess && printer->misfits() > 0 ? kFailed : status;
}

}  // namespace

void AddReceive(Program& program) {
  const auto options = std::make_shared<ReceiveOptions>();
  CLI::App* const verb = program.AddVerb(
      "receive", "Takes messages out of a channel and prints them, as its receiver.",
      "  ipmpsc receive quotes --count 1\n"
      "  ipmpsc receive quotes --no-wait --json > drained.jsonl\n",
      [options] { return Receive(*options); });
  AddChannelArgument(verb, &options->channel);
  verb->add_option("--count", options->count, "end after so many messages")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  AddDurationOption(verb, "--timeout", &options->timeout,
                    "end with status 5 if no message comes for so long");
  verb->add_flag("--no-wait", options->no_wait, "end when no more messages are there");
  verb->add_flag("--quiet,-q", options->quiet, "do not say that messages are taken");
  AddPrintOptions(verb, &options->print);
}

}  // namespace ipmpsc::cli
