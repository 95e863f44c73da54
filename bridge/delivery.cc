#include "bridge/delivery.h"

#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/channel_outlet.h"
#include "bridge/command_line.h"
#include "bridge/deliverer.h"
#include "bridge/end_name.h"
#include "bridge/feed.h"
#include "bridge/headers.h"
#include "bridge/kafka_feed.h"
#include "bridge/log.h"
#include "bridge/metrics.h"
#include "bridge/nats_feed.h"
#include "bridge/place.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/info.pb.h"
#include "ipmpsc/options.h"

namespace ipmpsc::bridge {
namespace {

// The longest wait before signals and metrics are looked at.
constexpr absl::Duration kStep = absl::Milliseconds(100);
constexpr absl::Duration kMetricsInterval = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(2);

// Returns the name of the place file beside the channel: it names the subject, since another bridge
// may bring another stream into the same channel.
std::string PlacePath(const CommandLine& options) {
  if (!options.delivery.place_file.empty()) return options.delivery.place_file;
  std::string subject = options.address.subject;
  if (!options.nats.stream.empty()) absl::StrAppend(&subject, "@", options.nats.stream);
  if (options.kafka.partition >= 0) absl::StrAppend(&subject, "@", options.kafka.partition);
  for (char& c : subject) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '@') {
      c = '_';
    }
  }
  return absl::StrCat(options.channel, ".", subject, ".place");
}

// The exit status after an error of the channel or of the place file, which are files of this
// machine: the statuses of the engine's errors mean something else.
int StatusOfFile(const absl::Status& status) {
  if (absl::IsDataLoss(status)) return kDamaged;
  return absl::IsAlreadyExists(status) ? kNotAlone : kFailed;
}

std::string FingerprintOf(absl::string_view description) {
  ChannelInfo info;
  if (!info.ParseFromArray(description.data(), static_cast<int>(description.size())) ||
      info.fingerprint() == 0) {
    return "";
  }
  return absl::StrFormat("%016x", info.fingerprint());
}

class Delivery {
 public:
  Delivery(const CommandLine& options, const volatile sig_atomic_t& stop_requested)
      : options_(options), stop_requested_(stop_requested) {}

  int Run();

 private:
  bool stopping() const { return stop_requested_ != 0; }
  // Sleeps for `*pause`, which doubles, before another try. A signal ends the sleep within `kStep`.
  void Pause(absl::Duration* pause) const {
    const Deadline end = *pause;
    while (!end.Passed() && !stopping()) absl::SleepFor(std::min(*pause, kStep));
    *pause = std::min(*pause * 2, kLongestPause);
  }
  absl::StatusOr<std::unique_ptr<Feed>> Connect() const;
  // Opens the channel, or creates it for the first message that is to be sent.
  //
  // Errors: kCancelled - asked to end. Others as `Channel::Open`, `Channel::Create`, `Feed`,
  // `CheckStream` and `PlaceFile::Write`.
  absl::StatusOr<Channel> OpenOrCreate(Feed* feed, PlaceFile* place);
  absl::StatusOr<Channel> CreateFor(Feed* feed, const Arrival& first);
  int Check();
  // Bridges one channel until it ends. Sets `*replaced` if another one is to be opened.
  int Bridge(const Channel& channel, Feed* feed, PlaceFile* place, bool* replaced);

  const CommandLine& options_;
  const volatile sig_atomic_t& stop_requested_;
  Log log_;
  bool file_failed_ = false;  // the last error is of the channel or the place, not of the engine
};

absl::StatusOr<std::unique_ptr<Feed>> Delivery::Connect() const {
  const Deadline deadline = absl::Seconds(options_.connect_seconds);
  for (absl::Duration pause = absl::Milliseconds(50);; Pause(&pause)) {
    absl::StatusOr<std::unique_ptr<Feed>> feed = options_.address.is_kafka()
                                                     ? ConnectToKafkaFeed(options_.kafka)
                                                     : ConnectToNatsFeed(options_.nats);
    if (feed.ok() || !absl::IsUnavailable(feed.status()) || deadline.Passed() || stopping()) {
      return feed;
    }
  }
}

absl::StatusOr<Channel> Delivery::CreateFor(Feed* feed, const Arrival& first) {
  ChannelOptions create;
  create.capacity = static_cast<uint64_t>(options_.delivery.capacity_mib * (1 << 20));
  create.max_senders = options_.delivery.max_senders;
  create.on_full = options_.delivery.lossy ? OnFull::kDropNewest : OnFull::kWait;
  create.timestamps = true;
  create.exist_policy = ExistPolicy::kOpen;
  create.accept_smaller = true;
  if (!first.fingerprint.empty()) {
    absl::StatusOr<std::string> schema = feed->Schema(first.fingerprint);
    if (!schema.ok() && !absl::IsNotFound(schema.status())) return schema.status();
    // The bucket is anybody's.
    if (!schema.ok() || FingerprintOf(*schema) != first.fingerprint) {
      log_(absl::StrCat("the channel gets no schema: ",
                        schema.ok()
                            ? absl::StrCat("the bucket has another one under ", first.fingerprint)
                            : std::string(schema.status().message())));
    } else {
      create.description = *std::move(schema);
    }
  }
  absl::StatusOr<Channel> channel = Channel::Create(options_.channel, create);
  file_failed_ = !channel.ok();
  if (channel.ok()) {
    log_(absl::StrCat("created the channel ", options_.channel,
                      create.description.empty() ? " without a schema"
                                                 : absl::StrCat(", schema ", first.fingerprint)));
  }
  return channel;
}

absl::StatusOr<Channel> Delivery::OpenOrCreate(Feed* feed, PlaceFile* place) {
  absl::Duration pause = absl::Milliseconds(50);
  bool reading = false;
  while (!stopping()) {
    // Somebody else may create it meanwhile.
    absl::StatusOr<Channel> channel = Channel::Open(options_.channel);
    if (!absl::IsNotFound(channel.status())) {
      file_failed_ = !channel.ok();
      return channel;
    }
    if (!reading) {
      // The messages before are in a channel that is no more.
      const absl::StatusOr<FeedState> state = feed->Look();
      // The core cannot tell before the channel exists. The first message creates it, and a new
      // stream may not reach the next number for long.
      const bool fresh = place->place().begun == 0 && place->place().done == 0;
      if (const absl::Status checked = CheckStream(state, place->place());
          !fresh && !checked.ok()) {
        if (!options_.forwarder.force) return checked;
        log_(absl::StrCat("going on by force: ", checked.message()));
        const absl::Status written = place->Write(Place());
        file_failed_ = !written.ok();
        if (!written.ok()) return written;
      }
      absl::Status begun = state.status();
      if (state.ok()) {
        const Place& known = place->place();
        const uint64_t next = known.begun != 0 ? known.begun : known.done + 1;
        begun = feed->Begin(std::max(next, state->first));
      }
      // A stream that no bridge has read may come later.
      if (!begun.ok() && !absl::IsUnavailable(begun) && !absl::IsNotFound(begun)) return begun;
      reading = begun.ok();
      if (!reading) {
        log_(begun.message());
        Pause(&pause);
        continue;
      }
      log_(absl::StrCat("the channel ", options_.channel,
                        " does not exist: it is created for the first message of the stream"));
    }
    const absl::StatusOr<Arrival> first = feed->Next(kStep);
    if (absl::IsDeadlineExceeded(first.status())) continue;
    if (absl::IsUnavailable(first.status()) || absl::IsNotFound(first.status())) {
      reading = false;
      continue;
    }
    if (!first.ok()) return first.status();
    channel = CreateFor(feed, *first);
    if (!absl::IsUnavailable(channel.status())) return channel;
    log_(channel.status().message());
    reading = false;
    Pause(&pause);
  }
  return absl::CancelledError("asked to end before there was a channel");
}

int Delivery::Check() {
  absl::StatusOr<std::unique_ptr<Feed>> feed = Connect();
  if (!feed.ok()) return Fail(ExitStatusOf(feed.status()), feed.status().message());
  std::printf("engine   %s: connected\n", options_.address.Text().c_str());
  const std::string path = PlacePath(options_);
  const absl::StatusOr<Place> place = PlaceFile::Read(path);
  if (!place.ok()) return Fail(StatusOfFile(place.status()), place.status().message());
  std::printf("place    %s: %llu done%s\n", path.c_str(),
              static_cast<unsigned long long>(place->done),
              place->begun != 0 ? ", one more begun" : "");
  const absl::StatusOr<Channel> channel = Channel::Open(options_.channel);
  if (absl::IsNotFound(channel.status())) {
    std::printf("channel  none; the bridge creates it\n");
  } else if (!channel.ok()) {
    return Fail(StatusOfFile(channel.status()), channel.status().message());
  } else {
    std::printf("channel  %s, id %s, schema %s\n", options_.channel.c_str(), channel->id().c_str(),
                FingerprintOf(channel->description()).c_str());
  }
  const absl::StatusOr<FeedState> state = (*feed)->Look();
  if (absl::IsNotFound(state.status()) && place->done == 0 && place->begun == 0) {
    std::printf("stream   none; the bridge waits for it\n");
    return kDone;
  }
  if (!state.ok()) return Fail(ExitStatusOf(state.status()), state.status().message());
  std::printf("stream   messages %llu to %llu\n", static_cast<unsigned long long>(state->first),
              static_cast<unsigned long long>(state->last));
  const absl::Status agreed = CheckStream(state, *place);
  if (!agreed.ok() && !options_.forwarder.force) return Fail(kContradicts, agreed.message());
  std::printf("verdict  the bridge can begin\n");
  return kDone;
}

int Delivery::Bridge(const Channel& channel, Feed* feed, PlaceFile* place, bool* replaced) {
  ChannelOutlet outlet(channel, FingerprintOf(channel.description()),
                       EndName(options_.address.ServerText(), options_.address.subject));
  DelivererOptions core;
  core.force = options_.forwarder.force;
  core.log = [this](absl::string_view line) { log_(line); };
  DeliveryMetrics metrics;
  Deliverer deliverer(feed, &outlet, place, core, &metrics);
  Deadline next_metrics = absl::ZeroDuration();
  bool said = false;
  absl::Status done;
  while (done.ok()) {
    if (stopping()) deliverer.Stop();
    done = deliverer.Step(kStep);
    if (deliverer.started() && !said) {
      said = true;
      log_(absl::StrCat("bridging ", options_.address.Text(), " to ", options_.channel));
    }
    // A bridge to which nothing comes sends nothing, and would not notice that its channel ended.
    if (done.ok() && next_metrics.Passed()) {
      const ChannelState state = channel.state();
      if (state == ChannelState::kClosed) done = absl::OutOfRangeError("the channel is closed");
      if (state == ChannelState::kReplaced) done = absl::AbortedError("the channel was replaced");
      if (state == ChannelState::kUnlinked) done = absl::AbortedError("the channel was removed");
      if (!done.ok()) {
        deliverer.Stop();
        const absl::Status written = deliverer.Step(absl::ZeroDuration());
        if (!absl::IsCancelled(written)) done = written;
      }
    }
    if (next_metrics.Passed() || !done.ok()) {
      next_metrics = kMetricsInterval;
      if (!options_.metrics_file.empty()) {
        const absl::Status written = WriteTextFile(
            options_.metrics_file, PrometheusText(metrics, options_.channel, absl::Now()));
        if (!written.ok()) log_(written.message());
      }
    }
  }
  std::string counts = absl::StrCat(metrics.delivered, " messages sent, ", metrics.found,
                                    " found, ", metrics.uncertain, " uncertain, ", metrics.missed,
                                    " missed, ", metrics.dropped + metrics.too_large, " dropped");
  if (outlet.renumbered() != 0) {
    absl::StrAppend(&counts, ", ", outlet.renumbered(), " with another number than in the stream");
  }
  switch (done.code()) {
    case absl::StatusCode::kCancelled:
      return Fail(kDone, absl::StrCat("asked to end: ", counts));
    case absl::StatusCode::kOutOfRange:
      return Fail(kDone, absl::StrCat("the channel is closed: ", counts));
    case absl::StatusCode::kAborted:
      *replaced = true;
      return Fail(kDone, absl::StrCat(done.message(), ": ", counts));
    default:
      return Fail(ExitStatusOf(done), done.message());
  }
}

int Delivery::Run() {
  if (options_.check) return Check();
  absl::StatusOr<PlaceFile> place = PlaceFile::Open(PlacePath(options_));
  if (!place.ok()) return Fail(StatusOfFile(place.status()), place.status().message());
  absl::StatusOr<std::unique_ptr<Feed>> feed = Connect();
  if (!feed.ok()) {
    if (absl::IsUnavailable(feed.status()) && stopping()) {
      return Fail(kDone, absl::StrCat("asked to end before the engine answered: ",
                                      feed.status().message()));
    }
    return Fail(ExitStatusOf(feed.status()), feed.status().message());
  }
  for (;;) {
    const absl::StatusOr<Channel> channel = OpenOrCreate(feed->get(), &*place);
    if (absl::IsCancelled(channel.status())) return Fail(kDone, channel.status().message());
    if (!channel.ok()) {
      return Fail(file_failed_ ? StatusOfFile(channel.status()) : ExitStatusOf(channel.status()),
                  channel.status().message());
    }
    bool replaced = false;
    const int status = Bridge(*channel, feed->get(), &*place, &replaced);
    if (!replaced || stopping()) return status;
    // Bounded, if a program replaces the channel all the time.
    absl::SleepFor(kStep);
  }
}

}  // namespace

int Deliver(const CommandLine& options, const volatile sig_atomic_t& stop_requested) {
  return Delivery(options, stop_requested).Run();
}

}  // namespace ipmpsc::bridge
