#include "recording/recorder.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/tap.h"
#include "recording/channel_origin.h"
#include "recording/file_sequence.h"
#include "recording/mcap_records.h"
#include "recording/steady_time.h"

namespace ipmpsc::recording {
namespace {

// Messages go to the thread that writes when they have this size or age.
constexpr size_t kBatchBytes = size_t{1} << 20;
constexpr absl::Duration kBatchAge = absl::Milliseconds(20);
// One tap is read for so long before the next one has its turn.
constexpr int kTurnMessages = 256;
constexpr size_t kTurnBytes = size_t{4} << 20;
// No sender wakes a tap.
constexpr absl::Duration kPoll = absl::Milliseconds(1);
// The interval of checks whether a channel was removed, and whether there is a new one.
constexpr absl::Duration kLookForChannel = absl::Milliseconds(100);
// Positions are multiples of 64.
constexpr uint64_t kNoPosition = ~uint64_t{0};
// How often the thread that writes looks at its clock.
constexpr std::chrono::milliseconds kWriterTick(50);

// Messages in memory, in the order in which they were read.
struct Batch {
  struct Message {
    uint32_t channel = 0;
    uint64_t position = 0;
    uint64_t log_time = 0;
    uint64_t publish_time = 0;
    size_t end = 0;  // of its payload in `bytes`
  };
  std::string bytes;
  std::vector<Message> messages;
  std::vector<McapMetadata> metadata;
  // The recording goes on in a new file behind this batch.
  bool ends_file = false;
  uint64_t last_time = 0;

  size_t size() const { return bytes.size() + messages.size() * sizeof(Message); }
  bool empty() const { return messages.empty() && metadata.empty() && !ends_file; }
};

uint64_t Now() { return static_cast<uint64_t>(std::max<int64_t>(absl::GetCurrentTimeNanos(), 0)); }

// Compresses and writes on a thread of its own.
class Writer {
 public:
  Writer(FileSequenceOptions options, absl::Duration chunk_time)
      : files_(std::move(options)), chunk_time_(chunk_time) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { Finish().IgnoreError(); }

  // Must precede everything else, if it is called.
  absl::Status Open() {
    absl::Status status = files_.Open();
    Publish();
    return status;
  }

  void AddChannel(ChannelOrigin origin) {
    const std::lock_guard<std::mutex> lock(mutex_);
    new_channels_.push_back(std::move(origin));
    ++channel_count_;
  }
  uint32_t channel_count() const { return channel_count_; }

  void Push(Batch batch) {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Starts with the first batch, so that a recorder that cannot be started has no thread.
    if (!thread_.joinable() && !finished_ && status_.ok()) StartThread();
    if (!status_.ok()) return;
    queued_bytes_ += batch.size();
    queue_.push_back(std::move(batch));
    wake_.notify_one();
  }

  uint64_t queued_bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return queued_bytes_;
  }

  absl::Status status() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }

  absl::Status Finish() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (finished_) return status_;
      finished_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    absl::Status status = files_.EndFile();
    Publish();
    const std::lock_guard<std::mutex> lock(mutex_);
    status_.Update(status);
    return status_;
  }

  void AddProgress(RecorderProgress* progress) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    progress->written_messages = written_messages_;
    progress->written_bytes = written_bytes_;
    progress->file_bytes = file_bytes_;
    progress->queued_bytes = queued_bytes_;
    progress->files = paths_;
  }

 private:
  // Sets `status_` where no thread can be started. REQUIRES: `mutex_`.
  void StartThread() {
    try {
      thread_ = std::thread([this] { Work(); });
    } catch (const std::system_error& error) {
      status_ = absl::ResourceExhaustedError(absl::StrCat(
          "the thread that writes the files cannot be started: ", error.what(),
          "; raise the limit of threads (ulimit -u, or pids.max of the control group)"));
    }
  }

  void Work() {
    for (;;) {
      Batch batch;
      std::vector<ChannelOrigin> channels;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        if (queue_.empty() && !finished_) wake_.wait_for(lock, kWriterTick);
        if (queue_.empty() && finished_) return;
        channels.swap(new_channels_);
        if (!queue_.empty()) {
          batch = std::move(queue_.front());
          queue_.pop_front();
        }
      }
      absl::Status status = Write(channels, batch);
      Publish();
      const std::lock_guard<std::mutex> lock(mutex_);
      queued_bytes_ -= batch.size();
      if (!status.ok()) {
        status_.Update(status);
        return;
      }
      written_messages_ += batch.messages.size();
      written_bytes_ += batch.bytes.size();
    }
  }

  absl::Status Write(std::vector<ChannelOrigin>& channels, const Batch& batch) {
    for (ChannelOrigin& channel : channels) {
      absl::StatusOr<uint16_t> id = files_.AddChannel(std::move(channel));
      if (!id.ok()) return id.status();
      ids_.push_back(*id);
    }
    size_t start = 0;
    for (const Batch::Message& message : batch.messages) {
      if (files_.pending_bytes() == 0) chunk_begin_ = SteadyTime();
      const absl::string_view data(batch.bytes.data() + start, message.end - start);
      start = message.end;
      absl::Status status = files_.AddMessage({ids_[message.channel], SequenceOf(message.position),
                                               message.log_time, message.publish_time, data});
      if (!status.ok()) return status;
    }
    for (const McapMetadata& metadata : batch.metadata) {
      if (absl::Status status = files_.AddMetadata(metadata); !status.ok()) return status;
    }
    if (batch.ends_file) return files_.EndFile();
    if (files_.pending_bytes() == 0 || SteadyTime() - chunk_begin_ < chunk_time_)
      return absl::OkStatus();
    return files_.CloseChunk();
  }

  // Makes the state of the files known to the other thread.
  void Publish() {
    const std::lock_guard<std::mutex> lock(mutex_);
    file_bytes_ = files_.file_bytes();
    if (paths_.size() != files_.paths().size()) paths_ = files_.paths();
  }

  // Of the thread that writes, while it runs.
  FileSequence files_;
  std::vector<uint16_t> ids_;  // by number of the channel
  absl::Duration chunk_begin_;
  const absl::Duration chunk_time_;

  uint32_t channel_count_ = 0;  // of the thread that reads
  std::thread thread_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Batch> queue_;
  uint64_t queued_bytes_ = 0;
  std::vector<ChannelOrigin> new_channels_;
  bool finished_ = false;
  absl::Status status_;
  uint64_t written_messages_ = 0;
  uint64_t written_bytes_ = 0;
  uint64_t file_bytes_ = 0;
  std::vector<std::string> paths_;
};

// A channel that is recorded, with those that replace it.
struct Tapped {
  RecordedChannel told;
  std::optional<Tap> tap;
  uint32_t number = 0;   // of the present channel
  TapLoss earlier_loss;  // of the channels before
  absl::Duration next_look = absl::ZeroDuration();
  uint64_t position_at_look = kNoPosition;
  bool ended = false;
};

TapLoss Sum(const TapLoss& a, const TapLoss& b) {
  TapLoss sum = a;
  sum.bytes += b.bytes;
  sum.messages += b.messages;
  sum.messages_are_exact = a.messages_are_exact && b.messages_are_exact;
  sum.overtakings += b.overtakings;
  sum.holes += b.holes;
  sum.hole_bytes += b.hole_bytes;
  return sum;
}

absl::Status WithPath(const absl::Status& status, absl::string_view path) {
  if (status.message().find(path) != absl::string_view::npos) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

class TapRecorder : public Recorder {
 public:
  explicit TapRecorder(const RecorderOptions& options)
      : options_(options), writer_(Files(options), options.chunk_time) {}
  ~TapRecorder() override { Finish().IgnoreError(); }

  absl::Status Open() {
    if (options_.channels.empty()) return absl::InvalidArgumentError("no channel to record");
    for (const std::string& path : options_.channels) {
      if (std::count(options_.channels.begin(), options_.channels.end(), path) > 1)
        return absl::InvalidArgumentError(absl::StrCat(path, " is named twice"));
      absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
      if (!channel.ok()) return WithPath(channel.status(), path);
      Tapped& tapped = channels_.emplace_back();
      tapped.told.path = path;
      Attach(*channel, options_.start, &tapped);
    }
    return keeps_window_ ? absl::OkStatus() : writer_.Open();
  }

  absl::Status Run(Deadline deadline) override {
    for (;;) {
      if (absl::Status status = writer_.status(); !status.ok()) return status;
      bool found = false;
      bool open = false;
      // While the disk is behind nothing is read, so the taps lose messages, and tell it.
      if (keeps_window_ || writer_.queued_bytes() < options_.queue_bytes) {
        for (Tapped& tapped : channels_) {
          if (!tapped.ended) found = Read(&tapped) || found;
          open = open || !tapped.ended;
        }
        if (!open) {
          PassOn();
          return absl::OutOfRangeError("all channels have ended");
        }
      }
      if (!batch_.empty() &&
          (batch_.size() >= kBatchBytes || SteadyTime() - batch_begin_ >= kBatchAge)) {
        PassOn();
      }
      if (!keeps_window_ && SteadyTime() >= window_again_) {
        batch_.ends_file = true;
        PassOn();
        keeps_window_ = true;
        window_again_ = absl::InfiniteDuration();
      }
      if (deadline.Passed()) return absl::OkStatus();
      if (!found) absl::SleepFor(kPoll);
    }
  }

  void Trigger() override {
    if (options_.before <= absl::ZeroDuration()) return;
    ++triggers_;
    window_again_ = SteadyTime() + options_.after;
    if (!keeps_window_) return;  // goes on for longer
    PassOn();
    Prune();
    keeps_window_ = false;
    for (Batch& batch : window_) writer_.Push(std::move(batch));
    window_.clear();
    window_bytes_ = 0;
  }

  absl::Status Finish() override {
    if (finished_) return writer_.status();
    finished_ = true;
    if (!keeps_window_) {
      for (Tapped& tapped : channels_) End(&tapped, "the recorder was stopped");
      PassOn();
    }
    return writer_.Finish();
  }

  RecorderProgress progress() const override {
    RecorderProgress progress;
    for (const Tapped& tapped : channels_) {
      progress.channels.push_back(tapped.told);
      progress.channels.back().loss = LossOf(tapped);
    }
    progress.window_bytes = window_bytes_;
    progress.window_dropped_messages = window_dropped_messages_;
    progress.triggers = triggers_;
    writer_.AddProgress(&progress);
    return progress;
  }

 private:
  static FileSequenceOptions Files(const RecorderOptions& options) {
    FileSequenceOptions files = options.files;
    if (options.before > absl::ZeroDuration() && options.after != absl::InfiniteDuration())
      files.numbered = true;
    return files;
  }

  static TapLoss LossOf(const Tapped& tapped) {
    return tapped.tap ? Sum(tapped.earlier_loss, tapped.tap->loss()) : tapped.earlier_loss;
  }

  void Attach(const Channel& channel, TapStart start, Tapped* tapped) {
    tapped->earlier_loss = LossOf(*tapped);
    TapOptions options;
    options.start = start;
    tapped->tap.emplace(Tap::Over(channel, options));
    tapped->position_at_look = kNoPosition;
    tapped->number = writer_.channel_count();
    writer_.AddChannel(DescribeOrigin(tapped->told.path, channel, channel.Stats()));
  }

  Batch* OpenBatch() {
    if (batch_.empty()) batch_begin_ = SteadyTime();
    return &batch_;
  }

  // Reads what is there now. Returns whether it was anything.
  bool Read(Tapped* tapped) {
    uint64_t now = Now();
    size_t bytes = 0;
    for (int i = 0; i < kTurnMessages && bytes < kTurnBytes; ++i) {
      const absl::Status status = tapped->tap->TryNext(&message_);
      if (!status.ok()) return WithoutMessage(status, tapped) || i > 0;
      if (i % 32 == 31) now = Now();
      Batch* const batch = OpenBatch();
      if (message_.lost_before != 0) {
        batch->metadata.push_back(
            {kGapMetadata,
             {{"topic", AsUtf8(tapped->told.path)},
              {"position", absl::StrCat(message_.position - message_.lost_before)},
              {"bytes", absl::StrCat(message_.lost_before)}}});
      }
      batch->bytes += message_.payload;
      const uint64_t sent_at = static_cast<uint64_t>(message_.sent_at_nanoseconds);
      batch->messages.push_back({tapped->number, message_.position, now,
                                 sent_at != 0 ? sent_at : now, batch->bytes.size()});
      batch->last_time = now;
      bytes += message_.payload.size();
      ++tapped->told.messages;
      tapped->told.bytes += message_.payload.size();
      if (batch->size() >= kBatchBytes) PassOn();
    }
    return true;
  }

  // Returns whether a new channel took the place of the old one.
  bool WithoutMessage(const absl::Status& status, Tapped* tapped) {
    switch (status.code()) {
      case absl::StatusCode::kUnavailable: {
        const absl::Duration now = SteadyTime();
        if (now < tapped->next_look) return false;
        tapped->next_look = now + kLookForChannel;
        const Channel& channel = tapped->tap->channel();
        if (channel.state() != ChannelState::kUnlinked) return false;
        if (Renew(tapped)) return true;
        // A tap that has moved since the last look searches for a message, and may find one.
        const uint64_t position = tapped->tap->position();
        const bool moved = std::exchange(tapped->position_at_look, position) != position;
        if (!options_.follow && !moved && !channel.HasSender()) EndOf(tapped, "removed");
        return false;
      }
      case absl::StatusCode::kAborted:
      case absl::StatusCode::kOutOfRange: {
        const absl::Duration now = SteadyTime();
        if (now < tapped->next_look) return false;
        tapped->next_look = now + kLookForChannel;
        if (Renew(tapped)) return true;
        if (!options_.follow) EndOf(tapped, "closed");
        return false;
      }
      default:
        tapped->told.damaged = true;
        EndOf(tapped, std::string(status.message()));
        return false;
    }
  }

  // Takes the channel that is at the path now, if it is another one.
  bool Renew(Tapped* tapped) {
    absl::StatusOr<Channel> channel = Channel::OpenReadOnly(tapped->told.path);
    if (!channel.ok() || channel->id() == tapped->tap->channel().id()) return false;
    End(tapped, "replaced");
    Attach(*channel, TapStart::kOldestKept, tapped);
    return true;
  }

  void EndOf(Tapped* tapped, const std::string& reason) {
    End(tapped, reason);
    tapped->told.end = reason;
    tapped->ended = true;
  }

  void End(Tapped* tapped, const std::string& reason) {
    if (tapped->ended) return;
    const TapLoss loss = tapped->tap->loss();
    Batch* const batch = OpenBatch();
    batch->last_time = Now();  // A window forgets the batch by this time.
    batch->metadata.push_back({kEndMetadata,
                               {{"topic", AsUtf8(tapped->told.path)},
                                {"id", tapped->tap->channel().id()},
                                {"reason", AsUtf8(reason)},
                                {"position", absl::StrCat(tapped->tap->position())},
                                {"lost_bytes", absl::StrCat(loss.bytes)},
                                {"lost_messages", absl::StrCat(loss.messages)},
                                {"lost_messages_are_exact", loss.messages_are_exact ? "1" : "0"}}});
  }

  // Hands the batch to the writer, or to the window.
  void PassOn() {
    if (batch_.empty()) return;
    Batch batch;
    std::swap(batch, batch_);
    if (!keeps_window_) {
      writer_.Push(std::move(batch));
      return;
    }
    window_bytes_ += batch.size();
    window_.push_back(std::move(batch));
    Prune();
  }

  // Drops from the window what is too old, or too much.
  void Prune() {
    const uint64_t newest = Now();
    const auto age = static_cast<uint64_t>(absl::ToInt64Nanoseconds(options_.before));
    while (!window_.empty()) {
      const Batch& oldest = window_.front();
      const bool is_old = newest > oldest.last_time && newest - oldest.last_time > age;
      if (!is_old && window_bytes_ <= options_.window_bytes) break;
      if (!is_old) window_dropped_messages_ += oldest.messages.size();
      window_bytes_ -= oldest.size();
      window_.pop_front();
    }
  }

  const RecorderOptions options_;
  Writer writer_;
  std::vector<Tapped> channels_;
  TapMessage message_;
  Batch batch_;
  absl::Duration batch_begin_;
  // Whether it waits for a trigger.
  bool keeps_window_ = options_.before > absl::ZeroDuration();
  absl::Duration window_again_ = absl::InfiniteDuration();
  std::deque<Batch> window_;
  uint64_t window_bytes_ = 0;
  uint64_t window_dropped_messages_ = 0;
  uint64_t triggers_ = 0;
  bool finished_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Recorder>> Recorder::Start(const RecorderOptions& options) {
  auto recorder = std::make_unique<TapRecorder>(options);
  if (absl::Status status = recorder->Open(); !status.ok()) return status;
  return recorder;
}

}  // namespace ipmpsc::recording
