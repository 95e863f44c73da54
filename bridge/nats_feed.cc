#include "bridge/nats_feed.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/feed.h"
#include "bridge/nats_engine.h"

#ifndef IPMPSC_HAS_NATS

namespace ipmpsc::bridge {

absl::StatusOr<std::unique_ptr<Feed>> ConnectToNatsFeed(const NatsOptions& options) {
  return ConnectToNats(options).status();
}

}  // namespace ipmpsc::bridge

#else

#include <nats/nats.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/address.h"
#include "bridge/headers.h"
#include "bridge/nats_connection.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {
namespace {

using Subscription =
    std::unique_ptr<natsSubscription, Destroy<natsSubscription, natsSubscription_Destroy>>;
using Metadata = std::unique_ptr<jsMsgMetaData, Destroy<jsMsgMetaData, jsMsgMetaData_Destroy>>;
using ConsumerInfo =
    std::unique_ptr<jsConsumerInfo, Destroy<jsConsumerInfo, jsConsumerInfo_Destroy>>;

// How often a feed to which nothing comes asks whether its consumer still exists. The server
// forgets it when it restarts.
constexpr absl::Duration kHealthInterval = absl::Seconds(1);

class NatsFeed final : public Feed {
 public:
  explicit NatsFeed(const NatsOptions& options) : options_(options) {
    if (options_.stream.empty()) options_.stream = StreamName(options_.address.subject);
  }
  ~NatsFeed() override {
    message_.reset();
    subscription_.reset();
    if (connection_ != nullptr) natsConnection_Close(connection_.get());
  }

  absl::Status Connect();

  absl::StatusOr<FeedState> Look() override;
  absl::Status Begin(uint64_t from) override;
  absl::StatusOr<Arrival> Next(absl::Duration wait) override;
  absl::StatusOr<std::string> Schema(const std::string& fingerprint) override;

 private:
  absl::Status Error(natsStatus status, jsErrCode code, absl::string_view what) const {
    return StatusOf(status, code, what, LastErrorOf(connection_.get()));
  }
  absl::Status CheckConnected() const;
  // Whether the server's consumer exists and nothing that it has sent is missing here.
  absl::Status CheckHealth();
  // Ends the subscription, so that `Begin` has to be called again.
  absl::Status Lose(absl::string_view why);

  NatsOptions options_;
  Connection connection_;
  Context context_;
  Subscription subscription_;
  Msg message_;             // of the last arrival
  uint64_t delivered_ = 0;  // the consumer's own count of the messages
  Deadline health_at_ = absl::ZeroDuration();
};

absl::Status NatsFeed::Connect() {
  // Errors come back from the calls.
  const natsErrHandler ignore = [](natsConnection*, natsSubscription*, natsStatus, void*) {};
  absl::StatusOr<Connection> opened = OpenConnection(options_, ignore, nullptr);
  if (!opened.ok()) return opened.status();
  connection_ = *std::move(opened);
  jsOptions js;
  jsOptions_Init(&js);
  js.Wait = absl::ToInt64Milliseconds(options_.timeout);
  jsCtx* context = nullptr;
  const natsStatus status = natsConnection_JetStream(&context, connection_.get(), &js);
  context_.reset(context);
  return status == NATS_OK ? absl::OkStatus() : absl::InternalError(natsStatus_GetText(status));
}

absl::Status NatsFeed::CheckConnected() const {
  if (IsConnected(connection_.get())) return absl::OkStatus();
  if (natsConnection_Status(connection_.get()) == NATS_CONN_STATUS_CLOSED) {
    return Error(NATS_CONNECTION_CLOSED, static_cast<jsErrCode>(0), options_.address.server);
  }
  return absl::UnavailableError(
      absl::StrCat("the connection to ", options_.address.server, " is lost"));
}

absl::StatusOr<FeedState> NatsFeed::Look() {
  if (absl::Status connected = CheckConnected(); !connected.ok()) return connected;
  jsStreamInfo* raw = nullptr;
  jsErrCode code = static_cast<jsErrCode>(0);
  const natsStatus status =
      js_GetStreamInfo(&raw, context_.get(), options_.stream.c_str(), nullptr, &code);
  const Info info(raw);
  if (status != NATS_OK) return Error(status, code, absl::StrCat("the stream ", options_.stream));
  // The answer is anybody's, so it may lack its parts.
  if (info == nullptr || info->Config == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("the server describes the stream ", options_.stream, " without its settings"));
  }
  if (info->Config->Retention != js_LimitsPolicy) {
    return absl::FailedPreconditionError(
        absl::StrCat("the stream ", options_.stream,
                     " drops what was consumed (retention), so nothing can be read again after a "
                     "death; use a stream with retention by limits"));
  }
  FeedState state;
  state.first = info->State.FirstSeq;
  state.last = info->State.LastSeq;
  state.messages = info->State.Msgs;
  state.bytes = info->State.Bytes;
  state.alone = info->Config->SubjectsLen == 1 && info->Config->Subjects != nullptr &&
                info->Config->Subjects[0] != nullptr &&
                options_.address.subject == info->Config->Subjects[0];
  return state;
}

absl::Status NatsFeed::Begin(uint64_t from) {
  message_.reset();
  subscription_.reset();
  if (absl::Status connected = CheckConnected(); !connected.ok()) return connected;
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = options_.stream.c_str();
  options.Config.AckPolicy = js_AckNone;
  options.Config.DeliverPolicy = js_DeliverByStartSequence;
  options.Config.OptStartSeq = std::max<uint64_t>(from, 1);
  // The server stops sending while the channel is full and nothing is read here.
  options.Config.FlowControl = true;
  options.Config.Heartbeat = absl::ToInt64Nanoseconds(absl::Seconds(5));
  natsSubscription* raw = nullptr;
  jsErrCode code = static_cast<jsErrCode>(0);
  const natsStatus status = js_SubscribeSync(&raw, context_.get(), options_.address.subject.c_str(),
                                             nullptr, &options, &code);
  subscription_.reset(raw);
  if (status != NATS_OK) {
    subscription_.reset();
    return Error(status, code, absl::StrCat("the stream ", options_.stream, " cannot be read"));
  }
  // Keeps all that the flow control lets through. Otherwise libnats drops it.
  natsSubscription_SetPendingLimits(raw, -1, -1);
  delivered_ = 0;
  health_at_ = kHealthInterval;
  return absl::OkStatus();
}

absl::Status NatsFeed::Lose(absl::string_view why) {
  message_.reset();
  subscription_.reset();
  return absl::UnavailableError(absl::StrCat("reading the stream anew: ", why));
}

absl::Status NatsFeed::CheckHealth() {
  jsConsumerInfo* raw = nullptr;
  jsErrCode code = static_cast<jsErrCode>(0);
  const natsStatus status =
      natsSubscription_GetConsumerInfo(&raw, subscription_.get(), nullptr, &code);
  const ConsumerInfo info(raw);
  if (status != NATS_OK) return Lose(Error(status, code, "its consumer").message());
  uint64_t queued = 0;
  if (natsSubscription_QueuedMsgs(subscription_.get(), &queued) != NATS_OK) {
    return Lose("libnats has lost the subscription");
  }
  if (info != nullptr && queued == 0 && info->Delivered.Consumer > delivered_) {
    // It may still be on its way. So it is looked at once more, after all that came before.
    natsMsg* message = nullptr;
    if (natsSubscription_NextMsg(&message, subscription_.get(), 100) != NATS_OK) {
      return Lose("messages that the server sent did not come");
    }
    message_.reset(message);
  }
  return absl::OkStatus();
}

absl::StatusOr<Arrival> NatsFeed::Next(absl::Duration wait) {
  if (subscription_ == nullptr) return absl::UnavailableError("the stream is not being read");
  message_.reset();
  natsMsg* raw = nullptr;
  natsStatus status = natsSubscription_NextMsg(
      &raw, subscription_.get(), std::max<int64_t>(absl::ToInt64Milliseconds(wait), 0));
  message_.reset(raw);
  if (status == NATS_TIMEOUT && health_at_.Passed()) {
    health_at_ = kHealthInterval;
    if (absl::Status connected = CheckConnected(); !connected.ok()) {
      return absl::IsUnavailable(connected) ? Lose(connected.message()) : connected;
    }
    if (absl::Status healthy = CheckHealth(); !healthy.ok()) return healthy;
    if (message_ != nullptr) status = NATS_OK;
  }
  if (status == NATS_TIMEOUT) return absl::DeadlineExceededError("");
  if (status == NATS_CONNECTION_CLOSED) return CheckConnected();
  if (status != NATS_OK || message_ == nullptr) return Lose(natsStatus_GetText(status));
  jsMsgMetaData* data = nullptr;
  status = natsMsg_GetMetaData(&data, message_.get());
  const Metadata metadata(data);
  if (status != NATS_OK || metadata == nullptr) return Lose("a message has no numbers");
  // The consumer counts without gaps.
  if (metadata->Sequence.Consumer != delivered_ + 1) {
    return Lose(absl::StrCat("message ", metadata->Sequence.Consumer, " came after message ",
                             delivered_, " of the consumer"));
  }
  ++delivered_;
  Arrival arrival;
  arrival.payload = absl::string_view(natsMsg_GetData(message_.get()),
                                      static_cast<size_t>(natsMsg_GetDataLength(message_.get())));
  arrival.sequence = metadata->Sequence.Stream;
  arrival.stored_nanoseconds = metadata->Timestamp;
  const char* const fingerprint = Header(message_.get(), kSchemaHeader);
  if (fingerprint != nullptr && IsFingerprint(fingerprint)) arrival.fingerprint = fingerprint;
  return arrival;
}

absl::StatusOr<std::string> NatsFeed::Schema(const std::string& fingerprint) {
  if (absl::Status connected = CheckConnected(); !connected.ok()) return connected;
  kvStore* raw = nullptr;
  natsStatus status = js_KeyValue(&raw, context_.get(), options_.schema_bucket.c_str());
  const Bucket bucket(raw);
  const std::string what =
      absl::StrCat("the schema ", fingerprint, " in the bucket ", options_.schema_bucket);
  if (status != NATS_OK) return Error(status, static_cast<jsErrCode>(0), what);
  kvEntry* entry = nullptr;
  status = kvStore_Get(&entry, raw, fingerprint.c_str());
  const BucketEntry owned(entry);
  if (status != NATS_OK) return Error(status, static_cast<jsErrCode>(0), what);
  const int size = kvEntry_ValueLen(entry);
  const void* const value = kvEntry_Value(entry);
  if (size <= 0 || value == nullptr) return absl::NotFoundError(absl::StrCat(what, " is empty"));
  return std::string(static_cast<const char*>(value), static_cast<size_t>(size));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Feed>> ConnectToNatsFeed(const NatsOptions& options) {
  auto feed = std::make_unique<NatsFeed>(options);
  const absl::Status connected = feed->Connect();
  if (!connected.ok()) return connected;
  return feed;
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_NATS
