#include "examples/bridge/stream_reader.h"

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#ifndef IPMPSC_HAS_NATS

namespace ipmpsc::examples {
namespace {

absl::Status Missing() {
  return absl::UnimplementedError("this build has no libnats; install libnats-dev and build again");
}

}  // namespace

absl::Status ReadStream(const std::string&, const std::string&, const std::string&,
                        const std::function<void(const StreamMessage&)>&) {
  return Missing();
}

absl::StatusOr<std::string> ReadKey(const std::string&, const std::string&, const std::string&) {
  return Missing();
}

}  // namespace ipmpsc::examples

#else

#include <nats/nats.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::examples {
namespace {

absl::Status Error(natsStatus status, absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", natsStatus_GetText(status)));
}

// A connection and its JetStream context.
class Client {
 public:
  explicit Client(const std::string& server) {
    status_ = natsConnection_ConnectTo(&connection_, ("nats://" + server).c_str());
    if (status_ == NATS_OK) status_ = natsConnection_JetStream(&context_, connection_, nullptr);
  }
  ~Client() {
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
  }

  natsStatus status() const { return status_; }
  jsCtx* context() { return context_; }

 private:
  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
  natsStatus status_ = NATS_OK;
};

}  // namespace

absl::Status ReadStream(const std::string& server, const std::string& stream,
                        const std::string& subject,
                        const std::function<void(const StreamMessage&)>& handle) {
  Client client(server);
  if (client.status() != NATS_OK) return Error(client.status(), server);
  jsStreamInfo* info = nullptr;
  natsStatus status = js_GetStreamInfo(&info, client.context(), stream.c_str(), nullptr, nullptr);
  if (status != NATS_OK) return Error(status, stream);
  const uint64_t messages = info->State.Msgs;
  const uint64_t last = info->State.LastSeq;
  jsStreamInfo_Destroy(info);
  if (messages == 0) return absl::OkStatus();
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Ordered = true;
  natsSubscription* subscription = nullptr;
  status = js_SubscribeSync(&subscription, client.context(), subject.c_str(), nullptr, &options,
                            nullptr);
  for (uint64_t at = 0; status == NATS_OK && at < last;) {
    natsMsg* message = nullptr;
    status = natsSubscription_NextMsg(&message, subscription, 10000);
    if (status != NATS_OK) break;
    jsMsgMetaData* data = nullptr;
    status = natsMsg_GetMetaData(&data, message);
    if (status == NATS_OK) {
      at = data->Sequence.Stream;
      StreamMessage read;
      read.payload = absl::string_view(natsMsg_GetData(message), natsMsg_GetDataLength(message));
      read.stream_sequence = at;
      read.header = [message](const char* name) -> std::string {
        const char* value = nullptr;
        return natsMsgHeader_Get(message, name, &value) == NATS_OK ? value : "";
      };
      handle(read);
      jsMsgMetaData_Destroy(data);
    }
    natsMsg_Destroy(message);
  }
  natsSubscription_Destroy(subscription);
  return status == NATS_OK ? absl::OkStatus() : Error(status, "reading " + stream);
}

absl::StatusOr<std::string> ReadKey(const std::string& server, const std::string& bucket,
                                    const std::string& key) {
  Client client(server);
  if (client.status() != NATS_OK) return Error(client.status(), server);
  kvStore* store = nullptr;
  natsStatus status = js_KeyValue(&store, client.context(), bucket.c_str());
  kvEntry* entry = nullptr;
  if (status == NATS_OK) status = kvStore_Get(&entry, store, key.c_str());
  std::string value;
  if (status == NATS_OK) {
    value.assign(static_cast<const char*>(kvEntry_Value(entry)), kvEntry_ValueLen(entry));
  }
  kvEntry_Destroy(entry);
  kvStore_Destroy(store);
  if (status == NATS_NOT_FOUND) return absl::NotFoundError(absl::StrCat("no ", key));
  if (status != NATS_OK) return Error(status, key);
  return value;
}

}  // namespace ipmpsc::examples

#endif  // IPMPSC_HAS_NATS
