#include "ipmpsc/internal/segment/create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ipmpsc/internal/os/allocate.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/os/random.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/internal/segment/leftovers.h"
#include "ipmpsc/internal/segment/link_target.h"
#include "ipmpsc/internal/segment/nascent_file.h"
#include "ipmpsc/internal/segment/open.h"
#include "ipmpsc/internal/segment/path_error.h"

namespace ipmpsc::internal {
namespace {

// How many times a file may come and go between two checks before giving up.
constexpr int kTries = 16;

// Returns the bytes of a new segment before its data.
absl::StatusOr<std::string> NewSegmentFront(const SegmentHeader& layout,
                                            absl::string_view description) {
  SegmentHeader header = layout;
  for (uint64_t* word : {&header.channel_id[0], &header.channel_id[1], &header.stamp_key}) {
    const absl::StatusOr<uint64_t> random = RandomWord();
    if (!random.ok()) return random.status();
    *word = *random;
  }
  header.created = WallClockNow();

  // All other bytes are zero, as the initial control block and receiver's slot are.
  std::string front(header.description_offset + header.description_size, '\0');
  std::memcpy(&front[0], &header, sizeof(header));
  for (uint32_t slot = 0; slot < header.max_senders; ++slot) {
    static_assert(offsetof(SenderSlot, intent_position) == 0);
    std::memcpy(&front[header.sender_slots_offset + slot * sizeof(SenderSlot)], &kNoIntent,
                sizeof(kNoIntent));
  }
  std::memcpy(&front[header.description_offset], description.data(), description.size());
  return front;
}

absl::Status WriteAll(int fd, absl::string_view bytes) {
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t size =
        pwrite(fd, bytes.data() + written, bytes.size() - written, static_cast<off_t>(written));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return absl::ErrnoToStatus(errno, "cannot write the header");
    written += static_cast<size_t>(size);
  }
  return absl::OkStatus();
}

absl::StatusOr<SegmentHeader> LayoutFor(const ChannelOptions& options) {
  if ((options.mode & ~mode_t{0777}) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("mode may have only the permission bits 0777, not %#o", options.mode));
  }
  return LayOut(options.capacity, options.max_senders, options.description.size(),
                (options.huge_pages ? kMapHugePages : 0) | (options.timestamps ? kTimestamps : 0) |
                    (FutexWakes() ? 0 : kPolledWaits) |
                    (options.on_full == OnFull::kDropNewest ? kDropNewest : 0));
}

// The options with which the creator maps its own channel.
OpenOptions OwnMapping(const ChannelOptions& options) {
  OpenOptions own;
  own.prefault = options.prefault;
  return own;
}

// Makes an empty file a segment.
absl::Status Fill(int fd, const SegmentHeader& layout, absl::string_view description) {
  const absl::Status allocated = AllocateFile(fd, layout.file_size);
  if (!allocated.ok()) return allocated;
  const absl::StatusOr<std::string> front = NewSegmentFront(layout, description);
  if (!front.ok()) return front.status();
  return WriteAll(fd, *front);
}

absl::Status CheckIsChannel(int fd, const std::string& path) {
  char magic[sizeof(kMagic)];
  const ssize_t size = pread(fd, magic, sizeof(magic), 0);
  // A file that cannot be read at an offset (a terminal, a directory) is no channel either.
  if (size < 0 && errno != ESPIPE && errno != EISDIR) {
    return PathError(errno, path, "cannot read the file to be replaced");
  }
  if (size == sizeof(magic) && std::memcmp(magic, kMagic, sizeof(magic)) == 0)
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": not an ipmpsc channel; not replaced"));
}

// Opens the channel to be replaced. Done before all other steps, so that its users can certainly be
// told later. Returns null if there is no channel, or one that cannot have users. Returns an error
// for a file that is no channel, so that it is not replaced.
absl::StatusOr<std::shared_ptr<Segment>> OpenReplaceable(const std::string& path) {
  UniqueFd fd = OpenFile(path.c_str(), O_RDWR | O_NONBLOCK);
  if (!fd.valid()) {
    if (errno == ENOENT) return nullptr;
    return PathError(errno, path, "cannot open the file to be replaced");
  }
  const absl::Status channel = CheckIsChannel(fd.get(), path);
  if (!channel.ok()) return channel;
  absl::StatusOr<std::shared_ptr<Segment>> segment = Segment::FromFd(std::move(fd), path);
  // Damaged, or of another version.
  if (absl::IsDataLoss(segment.status()) || absl::IsFailedPrecondition(segment.status()))
    return nullptr;
  return segment;
}

bool IsSameFile(int a, int b) {
  struct stat one;
  struct stat other;
  return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// Whether a file has names beside the hidden one that the destructor of `file` removes.
bool HasOtherNames(const NascentFile& file, int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && status.st_nlink > (file.has_hidden_name() ? 1u : 0u);
}

// Marks the old channel as replaced. `found`: the channel that was there before, may be null.
// `displaced`: the file that `file` has replaced, if it can be opened.
void TellReplaced(const NascentFile& file, std::shared_ptr<Segment> found, UniqueFd displaced) {
  // It continues under its other names: users that opened it by one of those have lost nothing, and
  // the flag would reach them too.
  if (displaced.valid() && HasOtherNames(file, displaced.get())) return;
  // Others may have replaced `found` and told its users. Then the users of their channel must be
  // told. If that cannot be opened, `found` is not at its path any more in any case.
  if (displaced.valid() && !(found != nullptr && IsSameFile(displaced.get(), found->fd()))) {
    absl::StatusOr<std::shared_ptr<Segment>> other = Segment::FromFd(std::move(displaced), "");
    if (other.ok()) found = *std::move(other);
  }
  if (found != nullptr) found->End(kClaimReplaced);
}

// How often a process looks whether another one has renewed the channel, and its pauses in
// nanoseconds.
constexpr int kRenewalLooks = 100;
constexpr int64_t kRenewalPause = 1'000'000;

// Decides which of several processes that see the same ended channel at a path replaces it: a lock
// on a byte of that channel's file, just before those of the participants.
class RenewalLock {
 public:
  explicit RenewalLock(int fd) : fd_(fd) {}
  RenewalLock(const RenewalLock&) = delete;
  RenewalLock& operator=(const RenewalLock&) = delete;
  ~RenewalLock() { Set(F_UNLCK); }

  // Bounded: the holder only renames a file, unless it is stopped or hostile.
  bool Lock() {
    for (int i = 0; i < kRenewalLooks; ++i) {
      if (Set(F_WRLCK)) return true;
      if (errno != EAGAIN && errno != EACCES) return false;
      SleepUntil(MonotonicNow() + kRenewalPause);
    }
    return false;
  }

 private:
  bool Set(short type) const {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = (off_t{1} << 62) - 1;
    lock.l_len = 1;
    return fcntl(fd_, F_OFD_SETLK, &lock) == 0;
  }

  const int fd_;
};

enum class Taken {
  kRefuse,   // the path must be free
  kReplace,  // any channel may be there
};

// Gives `file` the name `target`. If `ended` is not null, that channel must still be there.
//
// Errors: as `NascentFile::NameInPlace`; kAborted - another file is there.
absl::Status Replace(NascentFile* file, const std::string& target, Segment* ended,
                     std::shared_ptr<Segment> found) {
  RenewalLock lock(ended != nullptr ? ended->fd() : -1);
  if (ended != nullptr) {
    if (!lock.Lock()) {
      return absl::AbortedError(
          absl::StrCat(target, ": another process holds the lock to replace the ended channel"));
    }
    if (found == nullptr || !IsSameFile(found->fd(), ended->fd())) {
      return absl::AbortedError(
          absl::StrCat(target, ": other processes have replaced the ended channel"));
    }
    // Checks again, now that no other process renews it.
    struct stat named;
    struct stat ours;
    if (stat(target.c_str(), &named) != 0 || fstat(ended->fd(), &ours) != 0 ||
        named.st_dev != ours.st_dev || named.st_ino != ours.st_ino) {
      return absl::AbortedError(
          absl::StrCat(target, ": other processes have replaced the ended channel"));
    }
  }
  absl::StatusOr<UniqueFd> displaced = file->NameInPlace();
  if (!displaced.ok()) return displaced.status();
  TellReplaced(*file, std::move(found), *std::move(displaced));
  return absl::OkStatus();
}

// Creates a channel at `target`, known to its users as `path`. `ended`: the only channel that may
// be replaced, or null.
absl::StatusOr<std::shared_ptr<Segment>> CreateAt(const std::string& target,
                                                  const std::string& path,
                                                  const ChannelOptions& options, Taken taken,
                                                  Segment* ended) {
  const absl::StatusOr<SegmentHeader> layout = LayoutFor(options);
  if (!layout.ok()) return WithPath(layout.status(), target);
  // First, since they take space.
  RemoveLeftovers(DirectoryOf(target), kHiddenPrefix);
  std::shared_ptr<Segment> found;
  if (taken == Taken::kReplace) {
    absl::StatusOr<std::shared_ptr<Segment>> replaceable = OpenReplaceable(target);
    if (!replaceable.ok()) return replaceable;
    found = *std::move(replaceable);
  }
  absl::StatusOr<NascentFile> file = NascentFile::Create(target, options.mode);
  if (!file.ok()) return file.status();
  const absl::Status filled = Fill(file->fd(), *layout, options.description);
  if (!filled.ok()) return WithPath(filled, target);
  // Mapped before it is named, so that a failure leaves nothing behind.
  UniqueFd fd = DuplicateFd(file->fd());
  if (!fd.valid()) return PathError(errno, target, "cannot duplicate its file descriptor");
  absl::StatusOr<std::shared_ptr<Segment>> segment =
      Segment::FromFd(std::move(fd), path, OwnMapping(options));
  if (!segment.ok()) return segment;
  const absl::Status named =
      taken == Taken::kReplace ? Replace(&*file, target, ended, std::move(found)) : file->Name();
  if (!named.ok()) return named;
  return segment;
}

// Creates a channel at `path`. If that is a link, creates it at the link's target and keeps the
// link.
absl::StatusOr<std::shared_ptr<Segment>> CreateNamed(const std::string& path,
                                                     const ChannelOptions& options, Taken taken,
                                                     Segment* ended = nullptr) {
  const absl::StatusOr<std::string> target = LinkTarget(path);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::shared_ptr<Segment>> segment = CreateAt(*target, path, options, taken, ended);
  if (segment.ok() || *target == path) return segment;
  return absl::Status(segment.status().code(),
                      absl::StrCat(path, ", a link: ", segment.status().message()));
}

// Checks that an existing channel has at least what `options` ask for. Huge pages are a hint.
//
// Errors: as `LayoutFor`; kFailedPrecondition - it has less.
absl::Status CheckIsEnough(const SegmentHeader& found, const ChannelOptions& options) {
  ChannelOptions asked = options;
  asked.huge_pages = false;  // they would round the capacity up
  const absl::StatusOr<SegmentHeader> wanted = LayoutFor(asked);
  if (!wanted.ok()) return wanted.status();
  if (((wanted->flags ^ found.flags) & kDropNewest) != 0) {
    const bool drops = (found.flags & kDropNewest) != 0;
    return absl::FailedPreconditionError(absl::StrCat(
        "when it is full the channel there ", drops ? "drops new messages" : "makes senders wait",
        ", and a channel that ", drops ? "makes senders wait" : "drops new messages",
        " is wanted; replace it (ExistPolicy::kReplace), or set ChannelOptions::on_full alike"));
  }
  if (options.accept_smaller) return absl::OkStatus();
  std::string text;
  const auto compare = [&text](uint64_t has, uint64_t wants, absl::string_view unit) {
    if (has >= wants) return;
    absl::StrAppend(&text, text.empty() ? "" : ", and ", has, " ", unit, " where ", wants,
                    " are wanted");
  };
  compare(found.capacity, wanted->capacity, "bytes of capacity");
  compare(found.max_senders, wanted->max_senders, "sender slots");
  if ((wanted->flags & ~found.flags & kTimestamps) != 0) {
    absl::StrAppend(&text, text.empty() ? "" : ", and ", "no timestamps where they are wanted");
  }
  if (text.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the channel there has ", text,
      "; replace it (ExistPolicy::kReplace), ask for less, or set ChannelOptions::accept_smaller"));
}

// Opens a living channel, creates a missing one, and, if `renew`, replaces one that has ended.
absl::StatusOr<std::shared_ptr<Segment>> OpenOrCreate(const std::string& path,
                                                      const ChannelOptions& options, bool renew) {
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<std::shared_ptr<Segment>> opened = OpenSegment(path, OwnMapping(options));
    if (opened.ok() && (*opened)->HasEnded()) {
      if (!renew) {
        return absl::FailedPreconditionError(absl::StrCat(
            path,
            ": the channel there has ended (closed, or replaced under another name); remove it, "
            "create with ExistPolicy::kOpenOrReplace, or open it (Channel::Open) to receive the "
            "remaining messages"));
      }
      absl::StatusOr<std::shared_ptr<Segment>> renewed =
          CreateNamed(path, options, Taken::kReplace, opened->get());
      if (!absl::IsAborted(renewed.status())) return renewed;
      continue;
    }
    if (opened.ok()) {
      const absl::Status enough = CheckIsEnough((*opened)->header(), options);
      if (!enough.ok()) return WithPath(enough, path);
    }
    if (!absl::IsNotFound(opened.status())) return opened;
    absl::StatusOr<std::shared_ptr<Segment>> created = CreateNamed(path, options, Taken::kRefuse);
    if (!absl::IsAlreadyExists(created.status())) return created;
  }
  return absl::AbortedError(absl::StrCat(path, ": other processes kept creating and removing it"));
}

// Returns the directory for temporary channels. Absolute, so that others can open them by their
// paths.
absl::StatusOr<std::string> TemporaryDirectory() {
  if (access("/dev/shm", W_OK) == 0) return std::string("/dev/shm");
  const char* const temporary = getenv("TMPDIR");
  if (temporary == nullptr || *temporary == '\0') return std::string("/tmp");
  if (*temporary == '/') return std::string(temporary);
  char working[PATH_MAX];
  if (getcwd(working, sizeof(working)) == nullptr) {
    return PathError(errno, temporary, "TMPDIR is relative, and the working directory is unknown");
  }
  return absl::StrCat(working, "/", temporary);
}

}  // namespace

absl::StatusOr<std::shared_ptr<Segment>> CreateSegment(absl::string_view path,
                                                       const ChannelOptions& options) {
  const absl::Status usable = CheckPath(path);
  if (!usable.ok()) return usable;
  const std::string name(path);
  switch (options.exist_policy) {
    case ExistPolicy::kFail:
      return CreateNamed(name, options, Taken::kRefuse);
    case ExistPolicy::kReplace:
      return CreateNamed(name, options, Taken::kReplace);
    case ExistPolicy::kOpen:
      return OpenOrCreate(name, options, /*renew=*/false);
    case ExistPolicy::kOpenOrReplace:
      return OpenOrCreate(name, options, /*renew=*/true);
  }
  return absl::InvalidArgumentError(absl::StrCat(path, ": exist_policy has the unknown value ",
                                                 static_cast<int>(options.exist_policy)));
}

absl::StatusOr<std::shared_ptr<Segment>> CreateTempSegment(const ChannelOptions& options) {
  const absl::StatusOr<std::string> directory = TemporaryDirectory();
  if (!directory.ok()) return directory.status();
  RemoveLeftovers(*directory, kTemporaryPrefix);
  const absl::StatusOr<uint64_t> random = RandomWord();
  if (!random.ok()) return random.status();
  absl::StatusOr<std::shared_ptr<Segment>> segment = CreateNamed(
      absl::StrCat(*directory, "/", kTemporaryPrefix, absl::Hex(*random, absl::kZeroPad16)),
      options, Taken::kRefuse);
  if (absl::IsNotFound(segment.status())) {
    return absl::NotFoundError(
        absl::StrCat(segment.status().message(),
                     " (/dev/shm cannot be written; set TMPDIR to an existing directory)"));
  }
  if (segment.ok()) (*segment)->UnlinkWhenDone();
  return segment;
}

absl::StatusOr<std::shared_ptr<Segment>> CreateAnonymousSegment(const ChannelOptions& options) {
  const absl::StatusOr<SegmentHeader> layout = LayoutFor(options);
  if (!layout.ok()) return layout.status();
  UniqueFd fd = CreateMemoryFile("ipmpsc", MFD_ALLOW_SEALING);
  if (!fd.valid()) return PathError(errno, "memfd", "cannot create an anonymous file");
  const absl::Status filled = Fill(fd.get(), *layout, options.description);
  if (!filled.ok()) return filled;
  // From now on no process can truncate it or remove the seals.
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return absl::ErrnoToStatus(errno, "cannot seal the anonymous file");
  }
  return Segment::FromFd(std::move(fd), "", OwnMapping(options));
}

}  // namespace ipmpsc::internal
