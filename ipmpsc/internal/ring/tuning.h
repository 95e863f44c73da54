// All constants that were chosen by measurement, with the figures. They change speed only, not
// correctness. Figures are medians of five runs in turn of the named row of `//benchmarks:compare`,
// in million messages a second, on two processors of an AMD EPYC (family 25, model 17).
#ifndef IPMPSC_INTERNAL_RING_TUNING_H_
#define IPMPSC_INTERNAL_RING_TUNING_H_

#include <cstdint>

namespace ipmpsc::internal::tuning {

// Where the sender prepares lines (cache_lines.h): how far ahead of a claim it prefetches the lines
// that it will write, in bytes. A few records ahead, the lines arrive before the next claim waits
// for them. Much farther ahead, the receiver would fetch them back. Loops write longer records, and
// the processor prefetches those by itself. On an Intel processor, 64 bytes from one sender: 15.7
// without any prefetch for writing, 36 with it. Lines that the receiver has flushed take the least
// distance. 1 KiB: 10.3 without a prefetch, 17.3 with this distance, 12 with 512 bytes. Where it
// flushes, the lines of records that it does not flush are not prefetched. 4 KiB: 9.2, and 7.7 with
// a prefetch.
inline constexpr uint64_t kPrefetchLeastAhead = 192;
inline constexpr uint64_t kPrefetchRecordsAhead = 6;
inline constexpr uint64_t kPrefetchMostAhead = 2048;
inline constexpr uint64_t kPrefetchLongestRecord = 8192;

// Where the receiver prepares lines: the longest record, in bytes, whose lines it flushes. The
// gain depends on the path between the two processors: a line took 60 ns from one to the other
// where they shared a cache, and 245 ns where they did not. The table has a figure for each.
//
//                      nothing      CLWB         CLFLUSHOPT and PREFETCHW
//   16 bytes           26,  6.8     56,  6.7     57, 53
//   64 bytes           24,  6.4     56,  6.4     57, 55
//   64, in batches                  62, 17       57, 55
//   1 KiB              16,  5.0     19,  4.5     18, 20
//   4 KiB               9.2, 2.9                  4.4, 4.6
//   the mixed message               2.8, 0.5     2.6, 1.5
//
// On family 25, model 1, with cores that the host shared: 64 bytes 30, 8.7 with nothing and 25, 23
// with the flush; 1 KiB 14, 4.3 and 7.1, 6.3; the mixed message 1.1, 0.5 and 1.0, 1.0.
inline constexpr uint64_t kFlushLongestRecord = 1088;

// A receiver that has taken this many messages without a wait does not touch the ring for a moment
// (nanoseconds) before it polls. Its senders write the next messages undisturbed meanwhile. Polling
// the line that a sender is writing would take it away, once or twice for each message. 1 KiB: 17.5
// with 1 us, 19.5 with 2 us, 19.8 with 4 us. A message that comes in the moment is late by it.
// Senders of records longer than `kFlushLongestRecord` need more time for as many. 4 KiB: 8.2
// with 2 us, 8.9 with 4 us, 9.3 with 16 us.
inline constexpr uint32_t kBurst = 4;
inline constexpr int64_t kBurstBackoff = 2'000;
inline constexpr int64_t kBurstBackoffOfLongRecords = 6'000;

// `Drain` releases at most this many messages in one step, and at most this share of the capacity.
// A step of 16 gives 28 instead of 49 (64 bytes from one sender) if senders do not wait for a step
// of their own, and more than 64 gains nothing.
inline constexpr uint64_t kMostReleasedTogether = 64;
inline constexpr uint64_t kReleaseShares = 16;

// A sender that finds the ring full spins until this share of the capacity is free. So sender and
// receiver do not pass the release position to and fro for each message. 64 bytes from four
// senders, before the step of 64 above: 24 without, 35 with it.
inline constexpr uint64_t kFullWaitShares = 4;

// A sender maps the pages of its first lap by one system call for this many bytes. Otherwise each
// page costs a fault. The next message is late by the call. 64 bytes into a new ring of 1 GiB: 15.5
// without, 17.8 with it. The first lap of a smaller ring is over soon, and its pages would be
// memory that a seldom used channel does not need.
inline constexpr uint64_t kPopulatedTogether = 64 << 10;
inline constexpr uint64_t kPopulatedCapacity = 16 << 20;

// A sender that lost a race for the claim word pauses before it tries again: for this many
// SpinPause, and twice as many after each further race that it loses, up to the limit. Otherwise
// the line of the word goes round among all senders, and only one of them claims in each round. A
// model chose them (`//benchmarks/contention`): 16 senders on processors of one socket 1.9 without
// a pause, 7.3 with it. Two senders on two processors show no difference.
inline constexpr int kLostRacePauses = 8;
inline constexpr int kMostLostRacePauses = 128;

}  // namespace ipmpsc::internal::tuning

#endif  // IPMPSC_INTERNAL_RING_TUNING_H_
