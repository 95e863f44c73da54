#include "benchmarks/rows.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/footprint.h"
#include "benchmarks/measurement/frames.h"
#include "benchmarks/measurement/latency.h"
#include "benchmarks/measurement/limits.h"
#include "benchmarks/measurement/many.h"
#include "benchmarks/measurement/quantiles.h"
#include "benchmarks/measurement/tapped.h"
#include "benchmarks/measurement/throughput.h"
#include "benchmarks/mixed_content.h"
#include "benchmarks/transports/ipmpsc.h"
#include "ipmpsc/wait_options.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr absl::Duration kTime = absl::Milliseconds(300);

// Returns a queue size with space for at least eight messages.
constexpr size_t QueueFor(size_t size) { return std::max(size_t{1} << 20, 8 * size); }

absl::StatusOr<Figures> FromQuantiles(const absl::StatusOr<Quantiles>& quantiles) {
  if (!quantiles.ok()) return quantiles.status();
  return Figures{{"p50", quantiles->p50}, {"p99", quantiles->p99}, {"p99.9", quantiles->p999}};
}

absl::StatusOr<Figures> FromThroughput(const absl::StatusOr<Throughput>& throughput) {
  if (!throughput.ok()) return throughput.status();
  return Figures{{"messages/s", throughput->per_second},
                 {"least share", throughput->least_share},
                 {"processor ns/message", throughput->processor_time}};
}

bool IsOwn(const TransportKind& kind) { return kind.name == Ipmpsc().name; }

Measurement Limit(std::string name, std::function<absl::StatusOr<Figures>()> measure) {
  return {std::move(name), /*is_limit=*/true, std::move(measure)};
}

// Returns a row that measures `measure(kind)` of each system.
template <typename Measure>
Row RowOf(const std::vector<TransportKind>& systems, Row row, Measure measure) {
  for (const TransportKind& kind : systems)
    row.measurements.push_back({kind.name, false, [=] { return measure(kind); }});
  return row;
}

Row LatencyRow(const std::vector<TransportKind>& systems, size_t size, bool spinning) {
  Row row;
  row.id = absl::StrCat("latency-", size, spinning ? "-spinning" : "-sleeping");
  row.title = absl::StrCat("One message of ", size, " bytes, one way, ",
                           spinning ? "both sides spinning" : "to a receiver that sleeps");
  row.unit = "ns";
  row.measurements.push_back(
      spinning ? Limit("half a cache-line round trip",
                       [] { return FromQuantiles(MeasureCacheLine(kTime)); })
               : Limit("a bare futex wake", [] { return FromQuantiles(MeasureFutexWake(kTime)); }));
  return RowOf(systems, row, [=](const TransportKind& kind) {
    const LatencyWork work = {size, kTime};
    return FromQuantiles(spinning ? MeasureSpinningLatency(kind, work)
                                  : MeasureSleepingLatency(kind, work));
  });
}

Row ThroughputRow(const std::vector<TransportKind>& systems, size_t size, int senders) {
  Row row;
  row.id = absl::StrCat("throughput-", size, "-from-", senders);
  row.title = absl::StrCat("Messages of ", size, " bytes from ", senders,
                           senders == 1 ? " sender" : " senders");
  row.unit = "messages/s";
  row.more_is_better = true;
  return RowOf(systems, row, [=](const TransportKind& kind) {
    ThroughputWork work;
    work.senders = senders;
    work.size = size;
    work.queue_bytes = QueueFor(size);
    work.time = kTime;
    return FromThroughput(MeasureThroughput(kind, work));
  });
}

Row BatchRow(const std::vector<TransportKind>& systems) {
  Row row;
  row.id = "throughput-64-batches";
  row.title = "Messages of 64 bytes from 1 sender, in batches of 32";
  row.unit = "messages/s";
  row.more_is_better = true;
  return RowOf(systems, row, [](const TransportKind& kind) -> absl::StatusOr<Figures> {
    if (!kind.batch) return absl::UnimplementedError("it has no call for several messages");
    ThroughputWork work;
    work.batch = 32;
    work.time = kTime;
    return FromThroughput(MeasureThroughput(kind, work));
  });
}

absl::StatusOr<Figures> EndToEnd(const TransportKind& kind, Content& content) {
  ThroughputWork work;
  work.size = content.size();
  work.time = kTime;
  work.content = &content;
  return FromThroughput(MeasureThroughput(kind, work));
}

// Each system carries protobuf, serialised in place if it lends memory. This library is also
// measured with its own setters and view.
Row EndToEndRow(const std::vector<TransportKind>& systems) {
  Row row;
  row.id = "end-to-end-mixed";
  row.title = "A message of 18 fields set, serialised, sent, received, parsed and read";
  row.unit = "messages/s";
  row.more_is_better = true;
  row = RowOf(systems, row, [](const TransportKind& kind) {
    return EndToEnd(kind, IsOwn(kind) ? *ViewContent() : *ProtobufContent(kind.in_place));
  });
  for (const TransportKind& kind : systems) {
    if (!IsOwn(kind)) continue;
    row.measurements.push_back({absl::StrCat(kind.name, ", protobuf's classes"), false, [kind] {
                                  return EndToEnd(kind, *ProtobufContent(kind.in_place));
                                }});
  }
  return row;
}

// Measures the cost of a large ring, for this library only.
Row CapacityRow(const TransportKind& kind) {
  Row row;
  row.id = "throughput-64-by-capacity";
  row.title = "Messages of 64 bytes from 1 sender, by the capacity of the ring";
  row.unit = "messages/s";
  row.more_is_better = true;
  const auto add = [&](const char* name, size_t bytes, int64_t warm_up_messages) {
    row.measurements.push_back({absl::StrCat(kind.name, ", ", name), false, [=] {
                                  ThroughputWork work;
                                  work.queue_bytes = bytes;
                                  work.time = kTime;
                                  work.warm_up_messages = warm_up_messages;
                                  return FromThroughput(MeasureThroughput(kind, work));
                                }});
  };
  add("64 KiB", size_t{1} << 16, 0);
  add("1 MiB", size_t{1} << 20, 0);
  add("16 MiB", size_t{1} << 24, 0);
  // The first lap touches each page of the ring for the first time. A lap has a message on every
  // two cache lines.
  add("1 GiB, first lap", size_t{1} << 30, 0);
  add("1 GiB, later laps", size_t{1} << 30, (size_t{1} << 30) / 128);
  return row;
}

// Bytes that a ring of one frame has for its header, in whole pages.
constexpr size_t kFrameRoom = 4096;

Row FrameRow(const std::vector<TransportKind>& systems, Filling filling) {
  const bool copied = filling == Filling::kCopied;
  Row row;
  row.id = copied ? "frame-copied" : "frame-in-place";
  row.title = absl::StrCat("A frame of ", kFrameBytes, " bytes, ",
                           copied ? "copied in" : "one byte of each page written in place");
  row.unit = "ns";
  row.measurements.push_back(
      Limit(copied ? "memcpy of the same bytes" : "the same writes into shared memory",
            [=] { return FromQuantiles(MeasureBareFrames(filling, kTime)); }));
  row = RowOf(systems, row, [=](const TransportKind& kind) {
    return FromQuantiles(MeasureFrames(kind, filling, kFrameQueueBytes, kTime));
  });
  // A ring with room for one frame passes through as much memory as a peer that fills the memory
  // again that it was given back last.
  for (const TransportKind& kind : systems) {
    if (!IsOwn(kind)) continue;
    row.measurements.push_back(
        {absl::StrCat(kind.name, ", ring of one frame"), false, [=] {
           return FromQuantiles(MeasureFrames(kind, filling, kFrameBytes + kFrameRoom, kTime));
         }});
  }
  return row;
}

Row FootprintRow(const std::vector<TransportKind>& systems, std::string id, std::string title,
                 std::string unit, absl::StatusOr<double> (*measure)(const TransportKind&)) {
  Row row;
  row.id = std::move(id);
  row.title = std::move(title);
  row.unit = std::move(unit);
  return RowOf(systems, row, [=](const TransportKind& kind) -> absl::StatusOr<Figures> {
    const absl::StatusOr<double> figure = measure(kind);
    if (!figure.ok()) return figure.status();
    return Figures{{"value", *figure}};
  });
}

// The mechanisms of this library, by name.
constexpr std::pair<const char*, WaitMechanism> kMechanisms[] = {
    {"io_uring", WaitMechanism::kIoUring},
    {"helper threads", WaitMechanism::kHelperThread},
};

// Measures a message on one of many channels that a receiver sleeps for.
Row ManyRow(const TransportKind& own, const std::vector<TransportKind>& systems) {
  constexpr size_t kChannels = 100;
  Row row;
  row.id = "wake-one-of-100";
  row.title = "One message of 64 bytes on one of 100 channels, to a receiver that sleeps for all";
  row.unit = "ns";
  row.measurements.push_back(
      Limit("a bare futex wake", [] { return FromQuantiles(MeasureFutexWake(kTime)); }));
  for (const auto& [name, mechanism] : kMechanisms) {
    row.measurements.push_back(
        {absl::StrCat(own.name, ", WaitSet, ", name), false, [mechanism = mechanism] {
           return FromQuantiles(MeasureWaitSet(kChannels, mechanism, kTime));
         }});
  }
  for (const TransportKind& kind : systems) {
    if (!kind.receive_from_many) continue;
    row.measurements.push_back({absl::StrCat(kind.name, ", WaitSet"), false, [kind] {
                                  return FromQuantiles(MeasureMany(kind, kChannels, kTime));
                                }});
  }
  row.measurements.push_back({"unix seqpacket sockets, epoll", false,
                              [] { return FromQuantiles(MeasureEpoll(kChannels, kTime)); }});
  return row;
}

// Measures the cost of many channels, for this library only.
Row ManyByChannelsRow(const TransportKind& own) {
  Row row;
  row.id = "wake-by-channels";
  row.title = "One message of 64 bytes to a receiver that sleeps, by the number of its channels";
  row.unit = "ns";
  for (const auto& [name, mechanism] : kMechanisms) {
    for (const size_t channels : {1, 128, 1000}) {
      row.measurements.push_back({absl::StrCat(own.name, ", ", name, ", ", channels), false,
                                  [channels = channels, mechanism = mechanism] {
                                    return FromQuantiles(
                                        MeasureWaitSet(channels, mechanism, kTime));
                                  }});
    }
  }
  return row;
}

// Measures what a tap costs the ends, for this library only.
Row TapRow(const TransportKind& own) {
  Row row;
  row.id = "tapped";
  row.title = "Processor time of a sender for a message of 64 bytes, with and without a tap";
  row.unit = "ns";
  for (const auto& [name, rate] :
       {std::pair("1,000 a second", 1e3), std::pair("100,000 a second", 1e5),
        std::pair("as fast as possible", 0.0)}) {
    for (const bool tapped : {false, true}) {
      row.measurements.push_back(
          {absl::StrCat(own.name, ", ", name, tapped ? ", with a tap" : ""), false,
           [rate = rate, tapped]() -> absl::StatusOr<Figures> {
             const absl::StatusOr<TappedCost> cost = MeasureTapped({rate, tapped, kTime});
             if (!cost.ok()) return cost.status();
             return Figures{{"value", cost->sender}, {"receiver", cost->receiver}};
           }});
    }
  }
  return row;
}

}  // namespace

std::vector<Row> TransportRows(const std::vector<TransportKind>& systems) {
  std::vector<Row> rows;
  for (const bool spinning : {true, false}) {
    for (const size_t size : {64, 4096}) rows.push_back(LatencyRow(systems, size, spinning));
  }
  for (const TransportKind& kind : systems) {
    if (!IsOwn(kind)) continue;
    rows.push_back(ManyRow(kind, systems));
    rows.push_back(ManyByChannelsRow(kind));
  }
  for (const size_t size : {16, 64, 1024, 4096, 65536, 1048576})
    rows.push_back(ThroughputRow(systems, size, 1));
  for (const int senders : {2, 4, 8}) rows.push_back(ThroughputRow(systems, 64, senders));
  rows.push_back(BatchRow(systems));
  rows.push_back(EndToEndRow(systems));
  for (const TransportKind& kind : systems) {
    if (!IsOwn(kind)) continue;
    rows.push_back(CapacityRow(kind));
    rows.push_back(TapRow(kind));
  }
  for (const Filling filling : {Filling::kCopied, Filling::kInPlace})
    rows.push_back(FrameRow(systems, filling));
  rows.push_back(FootprintRow(systems, "attach", "Attaching a sender to an existing channel", "ns",
                              MeasureAttach));
  rows.push_back(FootprintRow(systems, "memory",
                              "Memory of a channel of 1 MiB with both ends attached", "bytes",
                              MeasureMemory));
  rows.push_back(FootprintRow(systems, "idle",
                              "Processor time of a receiver that waits for a second, asleep", "ns",
                              MeasureIdle));
  return rows;
}

}  // namespace ipmpsc::benchmarks
