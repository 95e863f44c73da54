#include "tests/bridge/nats_admin.h"

#include <cstdint>
#include <string>

#ifndef IPMPSC_HAS_NATS

namespace ipmpsc::bridge {

std::string CreateStream(const std::string&, const StreamSettings&) { return "no libnats"; }
std::string UpdateStream(const std::string&, const StreamSettings&) { return "no libnats"; }
std::string PurgeStream(const std::string&, const std::string&) { return "no libnats"; }
std::string DeleteStream(const std::string&, const std::string&) { return "no libnats"; }
std::string PublishForeign(const std::string&, const std::string&) { return "no libnats"; }
int64_t CountMessages(const std::string&, const std::string&) { return -1; }
int64_t LastSequence(const std::string&, const std::string&) { return -1; }

}  // namespace ipmpsc::bridge

#else

#include <nats/nats.h>

#include <functional>
#include <vector>

#include "absl/time/time.h"

namespace ipmpsc::bridge {
namespace {

std::string With(const std::string& server, const std::function<natsStatus(jsCtx*)>& act) {
  natsConnection* connection = nullptr;
  jsCtx* context = nullptr;
  natsStatus status = natsConnection_ConnectTo(&connection, ("nats://" + server).c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&context, connection, nullptr);
  if (status == NATS_OK) status = act(context);
  jsCtx_Destroy(context);
  natsConnection_Destroy(connection);
  return status == NATS_OK ? "" : natsStatus_GetText(status);
}

std::string SetStream(const std::string& server, const StreamSettings& settings, bool update) {
  return With(server, [&](jsCtx* context) {
    std::vector<const char*> subjects;
    for (const std::string& subject : settings.subjects) subjects.push_back(subject.c_str());
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = settings.name.c_str();
    config.Subjects = subjects.data();
    config.SubjectsLen = static_cast<int>(subjects.size());
    config.MaxMsgSize = settings.max_message;
    config.MaxMsgs = settings.max_messages;
    config.MaxAge = absl::ToInt64Nanoseconds(settings.max_age);
    config.Discard = js_DiscardNew;
    if (config.MaxAge > 0) config.Duplicates = config.MaxAge;
    return update ? js_UpdateStream(nullptr, context, &config, nullptr, nullptr)
                  : js_AddStream(nullptr, context, &config, nullptr, nullptr);
  });
}

// Returns a number of the stream's state, or -1.
int64_t FromState(const std::string& server, const std::string& stream,
                  const std::function<uint64_t(const jsStreamState&)>& number) {
  int64_t found = -1;
  With(server, [&](jsCtx* context) {
    jsStreamInfo* info = nullptr;
    const natsStatus status = js_GetStreamInfo(&info, context, stream.c_str(), nullptr, nullptr);
    if (status == NATS_OK) found = static_cast<int64_t>(number(info->State));
    jsStreamInfo_Destroy(info);
    return status;
  });
  return found;
}

}  // namespace

std::string CreateStream(const std::string& server, const StreamSettings& settings) {
  return SetStream(server, settings, false);
}

std::string UpdateStream(const std::string& server, const StreamSettings& settings) {
  return SetStream(server, settings, true);
}

std::string PurgeStream(const std::string& server, const std::string& stream) {
  return With(server, [&](jsCtx* context) {
    return js_PurgeStream(context, stream.c_str(), nullptr, nullptr);
  });
}

std::string DeleteStream(const std::string& server, const std::string& stream) {
  return With(server, [&](jsCtx* context) {
    return js_DeleteStream(context, stream.c_str(), nullptr, nullptr);
  });
}

std::string PublishForeign(const std::string& server, const std::string& subject) {
  return With(server, [&](jsCtx* context) {
    return js_Publish(nullptr, context, subject.c_str(), "foreign", 7, nullptr, nullptr);
  });
}

int64_t CountMessages(const std::string& server, const std::string& stream) {
  return FromState(server, stream, [](const jsStreamState& state) { return state.Msgs; });
}

int64_t LastSequence(const std::string& server, const std::string& stream) {
  return FromState(server, stream, [](const jsStreamState& state) { return state.LastSeq; });
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_NATS
