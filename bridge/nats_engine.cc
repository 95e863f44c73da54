#include "bridge/nats_engine.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/engine.h"

#ifndef IPMPSC_HAS_NATS

namespace ipmpsc::bridge {

bool HasNats() { return false; }

absl::StatusOr<std::unique_ptr<Engine>> ConnectToNats(const NatsOptions&) {
  return absl::UnimplementedError(
      "this build has no engine for NATS: libnats was missing; install libnats-dev and build "
      "again");
}

}  // namespace ipmpsc::bridge

#else

#include <nats/nats.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/address.h"
#include "bridge/headers.h"
#include "bridge/nats_connection.h"

namespace ipmpsc::bridge {
namespace {

// The most of a large message that a dead letter keeps.
constexpr uint64_t kLetterBytes = 64 << 10;

natsStatus SetHeaders(natsMsg* message, const Headers& headers) {
  natsStatus status = NATS_OK;
  for (const auto& [name, value] : headers) {
    if (status == NATS_OK) status = natsMsgHeader_Set(message, name, value.c_str());
  }
  return status;
}

// The argument of the calls back from libnats's threads. It is never freed: they may do so after
// the connection is destroyed. There is one for each attempt to connect.
struct Inbox {
  std::mutex mutex;  // not absl::Mutex, so that TSan sees it
  std::condition_variable came;
  std::vector<Acknowledgement> outcomes;
  std::string violation;  // of permissions, as the server told it

  void Add(Acknowledgement outcome);
};

void Inbox::Add(Acknowledgement outcome) {
  const std::lock_guard<std::mutex> lock(mutex);
  outcomes.push_back(std::move(outcome));
  if (outcomes.size() == 1) came.notify_one();
}

Inbox* NewInbox() {
  // Reachable for ever, so LeakSanitizer does not take them for lost.
  static auto* const kept = new std::vector<std::unique_ptr<Inbox>>();
  kept->push_back(std::make_unique<Inbox>());
  return kept->back().get();
}

// Whether an answer says that the server will never store the message. Every other error may be
// over at the next try: no leader, no disk, no memory.
bool IsRefusal(natsStatus status, jsErrCode code, absl::string_view text) {
  constexpr int kHeadersTooLarge = 10097;  // has no name in libnats
  if (status == NATS_MAX_PAYLOAD || static_cast<int>(code) == kHeadersTooLarge) return true;
  switch (code) {
    case JSStreamMessageExceedsMaximumErr:
    case JSStreamSealedErr:
      return true;
    case JSStreamStoreFailedErr:
      // Full by its own limits, such as "maximum messages exceeded". A full disk has the same code.
      return absl::StrContains(text, "maximum ") && absl::StrContains(text, " exceeded");
    default:
      return false;
  }
}

class NatsEngine final : public Engine {
 public:
  explicit NatsEngine(const NatsOptions& options) : options_(options) {
    if (options_.stream.empty()) options_.stream = StreamName(options_.address.subject);
    if (options_.dead_letter_subject.empty()) {
      options_.dead_letter_subject = options_.address.subject + ".dead_letters";
    }
  }

  ~NatsEngine() override {
    if (context_ != nullptr) Forget();
    if (connection_ != nullptr) natsConnection_Close(connection_.get());
  }

  absl::Status Connect();

  absl::StatusOr<Tail> ReadTail() override;
  absl::Status CreateStream() override {
    return AddStream(options_.stream, options_.address.subject);
  }
  absl::Status Publish(const ChannelIdentity& channel, const Message& message,
                       const Fence& fence) override;
  void Poll(absl::Duration wait, std::vector<Acknowledgement>* outcomes) override;
  void Forget() override;
  absl::Status PublishDeadLetter(const ChannelIdentity& channel, const Message& message,
                                 absl::string_view reason) override;
  absl::Status PublishSchema(const ChannelIdentity& channel,
                             absl::string_view description) override;
  uint64_t MaxPayload(const ChannelIdentity& channel) const override {
    const uint64_t headers = HeaderBytes(channel);
    return max_message_ > headers ? max_message_ - headers : 0;
  }
  bool pipelined() const override { return pipelined_; }

 private:
  static void OnAcknowledgement(jsCtx*, natsMsg* message, jsPubAck* stored, jsPubAckErr* error,
                                void* inbox);
  static void OnError(natsConnection* connection, natsSubscription*, natsStatus status,
                      void* inbox);

  // Makes a status of an answer, or of the violation of permissions since the last one. `what` was
  // tried.
  absl::Status Error(natsStatus status, jsErrCode code, absl::string_view what);
  // The same for a request about schemas. libnats does not tell its code.
  absl::Status SchemaError(natsStatus status, absl::string_view what);
  absl::Status AddStream(const std::string& stream, const std::string& subject);
  // The most bytes of a message with its headers.
  //
  // Errors: kUnavailable - the server names no limit above 0. Taken as it is, it would make every
  // message one that is too large.
  absl::StatusOr<uint64_t> ServerLimit() const;
  bool connected() const { return IsConnected(connection_.get()); }

  NatsOptions options_;
  Connection connection_;
  Context context_;
  uint64_t max_message_ = 0;
  bool pipelined_ = false;
  bool has_published_ = false;
  std::string headers_for_;  // the channel's id
  Headers channel_headers_;

  Inbox* const inbox_ = NewInbox();
};

absl::Status NatsEngine::Connect() {
  absl::StatusOr<Connection> opened = OpenConnection(options_, &NatsEngine::OnError, inbox_);
  if (!opened.ok()) return opened.status();
  connection_ = *std::move(opened);
  jsOptions js;
  jsOptions_Init(&js);
  js.Wait = absl::ToInt64Milliseconds(options_.timeout);
  js.PublishAsync.AckHandler = &NatsEngine::OnAcknowledgement;
  js.PublishAsync.AckHandlerClosure = inbox_;
  jsCtx* context = nullptr;
  const natsStatus status = natsConnection_JetStream(&context, connection_.get(), &js);
  context_.reset(context);
  return status == NATS_OK ? absl::OkStatus() : absl::InternalError(natsStatus_GetText(status));
}

absl::Status NatsEngine::Error(natsStatus status, jsErrCode code, absl::string_view what) {
  // Told once: a violation of a schema must not explain an answer that is missing much later.
  std::string violation;
  {
    const std::lock_guard<std::mutex> lock(inbox_->mutex);
    violation.swap(inbox_->violation);
  }
  if (!violation.empty()) {
    return absl::PermissionDeniedError(
        absl::StrCat(violation, "; give the user these permissions"));
  }
  return StatusOf(status, code, what, LastErrorOf(connection_.get()));
}

absl::StatusOr<uint64_t> NatsEngine::ServerLimit() const {
  const int64_t limit = natsConnection_GetMaxPayload(connection_.get());
  if (limit > 0) return static_cast<uint64_t>(limit);
  return absl::UnavailableError(absl::StrCat("the server ", options_.address.server,
                                             " names a max_payload of ", limit,
                                             ", so nothing is published; correct the server"));
}

absl::Status NatsEngine::AddStream(const std::string& stream, const std::string& subject) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* subjects[] = {subject.c_str()};
  config.Name = stream.c_str();
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  // A full stream refuses instead of dropping the oldest. The channel then keeps the messages.
  config.Discard = js_DiscardNew;
  jsStreamInfo* info = nullptr;
  jsErrCode code = static_cast<jsErrCode>(0);
  const natsStatus status = js_AddStream(&info, context_.get(), &config, nullptr, &code);
  const Info owned(info);
  if (status == NATS_OK) return absl::OkStatus();
  if (code == JSStreamSubjectOverlapErr || code == JSStreamNameExistErr) {
    return absl::AlreadyExistsError(absl::StrCat("another stream has the subject ", subject,
                                                 "; name it with --stream, or use another "
                                                 "subject"));
  }
  return Error(status, code, absl::StrCat("the stream ", stream, " cannot be created"));
}

absl::StatusOr<Tail> NatsEngine::ReadTail() {
  if (!connected() && natsConnection_Status(connection_.get()) != NATS_CONN_STATUS_CLOSED) {
    return absl::UnavailableError(
        absl::StrCat("the connection to ", options_.address.server, " is lost"));
  }
  {
    // The server drops what the user may not publish, and answers nothing.
    const std::lock_guard<std::mutex> lock(inbox_->mutex);
    if (absl::StrContains(inbox_->violation,
                          absl::StrCat("\\\"", options_.address.subject, "\\\"")) ||
        absl::StrContains(inbox_->violation, absl::StrCat("\"", options_.address.subject, "\""))) {
      return absl::PermissionDeniedError(
          absl::StrCat(inbox_->violation, "; give the user this permission"));
    }
  }
  // First, since libnats itself refuses to ask a server of a limit below 0.
  const absl::StatusOr<uint64_t> server_limit = ServerLimit();
  if (!server_limit.ok()) return server_limit.status();
  jsStreamInfo* raw = nullptr;
  jsErrCode code = static_cast<jsErrCode>(0);
  natsStatus status =
      js_GetStreamInfo(&raw, context_.get(), options_.stream.c_str(), nullptr, &code);
  const Info info(raw);
  if (status != NATS_OK) {
    return Error(status, code, absl::StrCat("the stream ", options_.stream));
  }
  // The answer is anybody's, so it may lack its parts.
  if (info == nullptr || info->Config == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("the server describes the stream ", options_.stream, " without its settings"));
  }
  const jsStreamConfig& config = *info->Config;
  // The tail is read from the stream, so its last message has to stay and to be acknowledged.
  const char* unfit = nullptr;
  if (config.NoAck) unfit = "acknowledges nothing (no_ack)";
  if (config.Sealed) unfit = "is sealed";
  if (config.Mirror != nullptr) unfit = "is a mirror";
  if (config.Retention != js_LimitsPolicy) unfit = "drops what was consumed (retention)";
  if (unfit != nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("the stream ", options_.stream, " ", unfit,
                                                      "; use a stream with retention by limits"));
  }
  pipelined_ = config.SubjectsLen == 1 && config.SourcesLen == 0 && config.Subjects != nullptr &&
               options_.address.subject == config.Subjects[0];
  max_message_ = *server_limit;
  if (config.MaxMsgSize > 0) {
    max_message_ = std::min(max_message_, static_cast<uint64_t>(config.MaxMsgSize));
  }
  Tail tail;
  tail.expires = config.MaxAge > 0;
  tail.last_sequence = info->State.LastSeq;
  natsMsg* last = nullptr;
  if (info->State.Msgs > 0) {
    code = static_cast<jsErrCode>(0);
    status = js_GetLastMsg(&last, context_.get(), options_.stream.c_str(),
                           options_.address.subject.c_str(), nullptr, &code);
  }
  const Msg owned(last);
  if (last == nullptr && (status == NATS_OK || code == JSNoMessageFoundErr ||
                          (status == NATS_NOT_FOUND && code != JSStreamNotFoundErr))) {
    // In a stream of several subjects the numbers tell nothing about this one.
    if (!pipelined_) tail.last_sequence = 0;
    return tail;
  }
  if (status != NATS_OK) return Error(status, code, "the last message cannot be read");
  tail.empty = false;
  tail.fence = natsMsg_GetSequence(last);
  tail.last_sequence = std::max(tail.last_sequence, tail.fence);
  tail.mark = ParseMark(Header(last, kChannelHeader), Header(last, kPositionHeader),
                        Header(last, kSourceHeader), Header(last, kBridgeHeader));
  return tail;
}

absl::Status NatsEngine::Publish(const ChannelIdentity& channel, const Message& message,
                                 const Fence& fence) {
  if (!connected()) {
    return absl::UnavailableError(
        absl::StrCat("the connection to ", options_.address.server, " is lost"));
  }
  if (headers_for_ != channel.id) {
    headers_for_ = channel.id;
    channel_headers_ = ChannelHeaders(channel);
  }
  natsMsg* raw = nullptr;
  natsStatus status =
      natsMsg_Create(&raw, options_.address.subject.c_str(), nullptr, message.payload.data(),
                     static_cast<int>(message.payload.size()));
  if (status == NATS_OK) status = SetHeaders(raw, MessageHeaders(message));
  if (status == NATS_OK) status = SetHeaders(raw, channel_headers_);
  if (status == NATS_OK) {
    status = natsMsgHeader_Set(raw, "Nats-Msg-Id", MessageId(channel, message).c_str());
  }
  const std::string sequence = absl::StrCat(fence.sequence);
  if (fence.message_id.empty()) {
    if (status == NATS_OK) {
      status = natsMsgHeader_Set(raw, "Nats-Expected-Last-Subject-Sequence", sequence.c_str());
    }
  } else {
    // The stream has this subject alone. So its last sequence number is that of the subject, and
    // the server need not look for it.
    if (status == NATS_OK) {
      status = natsMsgHeader_Set(raw, "Nats-Expected-Last-Sequence", sequence.c_str());
    }
    if (status == NATS_OK) {
      status = natsMsgHeader_Set(raw, "Nats-Expected-Last-Msg-Id", fence.message_id.c_str());
    }
  }
  if (status == NATS_OK) status = js_PublishMsgAsync(context_.get(), &raw, nullptr);
  natsMsg_Destroy(raw);  // null if libnats has taken it
  if (status == NATS_OK) {
    has_published_ = true;
    return absl::OkStatus();
  }
  if (status == NATS_MAX_PAYLOAD) {
    const absl::StatusOr<uint64_t> limit = ServerLimit();
    if (!limit.ok()) return limit.status();
    Acknowledgement outcome;
    outcome.position = message.position;
    outcome.outcome = Outcome::kTooLarge;
    outcome.text = "the message is larger than the server takes";
    inbox_->Add(std::move(outcome));
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("publishing: ", natsStatus_GetText(status)));
}

void NatsEngine::OnAcknowledgement(jsCtx*, natsMsg* message, jsPubAck* stored, jsPubAckErr* error,
                                   void* inbox) {
  const Msg owned(message);
  Acknowledgement outcome;
  const char* position = Header(message, kPositionHeader);
  if (position == nullptr || !absl::SimpleAtoi(position, &outcome.position)) return;
  if (stored != nullptr) {
    outcome.outcome = stored->Duplicate ? Outcome::kDuplicate : Outcome::kStored;
    outcome.sequence = stored->Sequence;
    if (stored->Duplicate) outcome.text = "the server knows the message id";
    if (stored->Sequence == 0) outcome.outcome = Outcome::kUnknown;
  } else if (error != nullptr) {
    outcome.text =
        HeaderText(error->ErrText != nullptr ? error->ErrText : natsStatus_GetText(error->Err));
    switch (error->ErrCode) {
      case JSStreamWrongLastMsgIDErr:
      case JSStreamWrongLastSequenceErr:
        outcome.outcome = Outcome::kFenced;
        break;
      case JSStreamMessageExceedsMaximumErr:
        outcome.outcome = Outcome::kTooLarge;
        break;
      default:
        // Full, or short of resources, if the server has answered.
        outcome.outcome = error->ErrCode != 0 ? Outcome::kBusy : Outcome::kUnknown;
    }
  }
  static_cast<Inbox*>(inbox)->Add(std::move(outcome));
}

void NatsEngine::OnError(natsConnection* connection, natsSubscription*, natsStatus, void* inbox) {
  auto* const self = static_cast<Inbox*>(inbox);
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  if (text == nullptr || !absl::StrContains(absl::AsciiStrToLower(text), "permissions violation"))
    return;
  const std::lock_guard<std::mutex> lock(self->mutex);
  self->violation = HeaderText(text, 512);
}

void NatsEngine::Poll(absl::Duration wait, std::vector<Acknowledgement>* outcomes) {
  std::unique_lock<std::mutex> lock(inbox_->mutex);
  if (inbox_->outcomes.empty() && wait > absl::ZeroDuration()) {
    inbox_->came.wait_for(lock, absl::ToChronoNanoseconds(wait));
  }
  if (outcomes->empty()) {
    outcomes->swap(inbox_->outcomes);
  } else {
    for (Acknowledgement& outcome : inbox_->outcomes) outcomes->push_back(std::move(outcome));
    inbox_->outcomes.clear();
  }
}

void NatsEngine::Forget() {
  natsMsgList pending = {};
  // Before the first publish, libnats 3.4.1 crashes in this call.
  if (has_published_ && js_PublishAsyncGetPendingList(&pending, context_.get()) == NATS_OK) {
    natsMsgList_Destroy(&pending);
  }
  const std::lock_guard<std::mutex> lock(inbox_->mutex);
  inbox_->outcomes.clear();
}

absl::Status NatsEngine::PublishDeadLetter(const ChannelIdentity& channel, const Message& message,
                                           absl::string_view reason) {
  const absl::StatusOr<uint64_t> limit = ServerLimit();
  if (!limit.ok()) return limit.status();
  const uint64_t headers = HeaderBytes(channel) + 512;
  const uint64_t kept = std::min({static_cast<uint64_t>(message.payload.size()), kLetterBytes,
                                  *limit > headers ? *limit - headers : 0});
  for (const bool may_create : {true, false}) {
    natsMsg* raw = nullptr;
    natsStatus status = natsMsg_Create(&raw, options_.dead_letter_subject.c_str(), nullptr,
                                       message.payload.data(), static_cast<int>(kept));
    const Msg owned(raw);
    if (status == NATS_OK) status = SetHeaders(raw, ChannelHeaders(channel));
    if (status == NATS_OK) status = SetHeaders(raw, MessageHeaders(message));
    if (status == NATS_OK) {
      status = SetHeaders(raw, {{kReasonHeader, HeaderText(reason)},
                                {kSizeHeader, absl::StrCat(message.payload.size())}});
    }
    if (status != NATS_OK) return absl::InternalError(natsStatus_GetText(status));
    jsPubOptions publish;
    jsPubOptions_Init(&publish);
    const std::string id = MessageId(channel, message);
    publish.MsgId = id.c_str();
    jsErrCode code = static_cast<jsErrCode>(0);
    status = js_PublishMsg(nullptr, context_.get(), raw, &publish, &code);
    if (status == NATS_OK) return absl::OkStatus();
    if (!connected()) return absl::UnavailableError("the connection is lost");
    if (status != NATS_NO_RESPONDERS || !may_create) {
      const absl::Status error = Error(status, code, "dead letter");
      if (absl::IsUnavailable(error) && IsRefusal(status, code, error.message())) {
        return absl::FailedPreconditionError(error.message());
      }
      return error;
    }
    // No stream has the subject.
    const absl::Status created =
        AddStream(StreamName(options_.dead_letter_subject), options_.dead_letter_subject);
    if (!created.ok()) return created;
  }
  return absl::UnavailableError("the stream of dead letters is not ready");
}

absl::Status NatsEngine::SchemaError(natsStatus status, absl::string_view what) {
  // The status of an answer that is an error: the bucket is full, takes smaller values only, ...
  if (status != NATS_ERR) return Error(status, static_cast<jsErrCode>(0), what);
  const char* last = nats_GetLastError(nullptr);
  const std::string text = absl::StrCat(what, ": ", last == nullptr ? "" : HeaderText(last, 512));
  // The server's words for errors that may be over at the next try.
  for (const char* const passing : {"temporarily unavailable", "can not handle request",
                                    "insufficient", "no suitable peers", "not available"}) {
    if (absl::StrContains(text, passing)) return absl::UnavailableError(text);
  }
  return absl::FailedPreconditionError(text);
}

absl::Status NatsEngine::PublishSchema(const ChannelIdentity& channel,
                                       absl::string_view description) {
  kvStore* raw = nullptr;
  natsStatus status = js_KeyValue(&raw, context_.get(), options_.schema_bucket.c_str());
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = options_.schema_bucket.c_str();
    config.StorageType = js_FileStorage;
    config.History = 1;
    status = js_CreateKeyValue(&raw, context_.get(), &config);
  }
  const Bucket bucket(raw);
  if (status != NATS_OK) {
    return SchemaError(status, absl::StrCat("the bucket ", options_.schema_bucket));
  }
  kvEntry* entry = nullptr;
  status = kvStore_Get(&entry, raw, channel.fingerprint.c_str());
  const BucketEntry owned(entry);
  if (status == NATS_OK) return absl::OkStatus();
  if (status != NATS_NOT_FOUND) {
    return SchemaError(status, "the schema cannot be looked for");
  }
  const absl::StatusOr<uint64_t> limit = ServerLimit();
  if (!limit.ok()) return limit.status();
  if (description.size() + 1024 > *limit) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "it has ", description.size(), " bytes, and the server takes messages of ", *limit));
  }
  // Two bridges may store the same at the same time. Either is right.
  status = kvStore_Put(nullptr, raw, channel.fingerprint.c_str(), description.data(),
                       static_cast<int>(description.size()));
  if (status == NATS_OK) return absl::OkStatus();
  return SchemaError(status, "the schema cannot be stored");
}

}  // namespace

bool HasNats() { return true; }

absl::StatusOr<std::unique_ptr<Engine>> ConnectToNats(const NatsOptions& options) {
  auto engine = std::make_unique<NatsEngine>(options);
  const absl::Status connected = engine->Connect();
  if (!connected.ok()) return connected;
  return engine;
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_NATS
