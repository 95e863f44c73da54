#include "bridge/nats_connection.h"

#ifdef IPMPSC_HAS_NATS

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/headers.h"
#include "bridge/nats_engine.h"

namespace ipmpsc::bridge {

absl::StatusOr<Connection> OpenConnection(const NatsOptions& options, natsErrHandler on_error,
                                          void* closure) {
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) return absl::ResourceExhaustedError("no memory");
  const Options owned(raw);
  const std::string url = absl::StrCat(options.address.scheme, "://", options.address.server);
  natsStatus status = natsOptions_SetURL(raw, url.c_str());
  if (status == NATS_OK) status = natsOptions_SetName(raw, options.name.c_str());
  if (status == NATS_OK) {
    status = natsOptions_SetTimeout(raw, absl::ToInt64Milliseconds(options.timeout));
  }
  if (status == NATS_OK) status = natsOptions_SetMaxReconnect(raw, -1);
  if (status == NATS_OK) status = natsOptions_SetReconnectWait(raw, 250);
  // A server that is stopped without closing its sockets is noticed after 3 x 5 seconds.
  if (status == NATS_OK) status = natsOptions_SetPingInterval(raw, 5000);
  if (status == NATS_OK) status = natsOptions_SetMaxPingsOut(raw, 2);
  if (status == NATS_OK) status = natsOptions_SetWriteDeadline(raw, 10000);
  if (status == NATS_OK) status = natsOptions_SetErrorHandler(raw, on_error, closure);
  if (status != NATS_OK) return absl::InternalError(natsStatus_GetText(status));
  if (!options.user.empty()) {
    status = natsOptions_SetUserInfo(raw, options.user.c_str(), options.password.c_str());
  }
  if (status == NATS_OK && !options.credentials_file.empty()) {
    status =
        natsOptions_SetUserCredentialsFromFiles(raw, options.credentials_file.c_str(), nullptr);
  }
  const bool tls = options.address.scheme == "tls" || !options.tls_ca.empty() ||
                   !options.tls_certificate.empty();
  if (status == NATS_OK && tls) status = natsOptions_SetSecure(raw, true);
  if (status == NATS_OK && !options.tls_ca.empty()) {
    status = natsOptions_LoadCATrustedCertificates(raw, options.tls_ca.c_str());
  }
  if (status == NATS_OK && !options.tls_certificate.empty()) {
    status = natsOptions_LoadCertificatesChain(raw, options.tls_certificate.c_str(),
                                               options.tls_key.c_str());
  }
  if (status != NATS_OK) {
    return absl::InvalidArgumentError(
        absl::StrCat("the credentials or certificates cannot be used: ", natsStatus_GetText(status),
                     "; check the files of the options"));
  }
  natsConnection* connection = nullptr;
  status = natsConnection_Connect(&connection, raw);
  Connection opened(connection);
  if (status != NATS_OK) {
    const char* last = nats_GetLastError(nullptr);
    const std::string text =
        absl::StrCat(options.address.server, ": ",
                     last != nullptr && *last != '\0' ? last : natsStatus_GetText(status));
    if (status == NATS_CONNECTION_AUTH_FAILED ||
        absl::StrContains(absl::AsciiStrToLower(text), "authoriz")) {
      return absl::PermissionDeniedError(
          absl::StrCat(text, "; check --user and --password-file, or --creds"));
    }
    if (status == NATS_SSL_ERROR || status == NATS_SECURE_CONNECTION_WANTED ||
        status == NATS_SECURE_CONNECTION_REQUIRED) {
      return absl::PermissionDeniedError(
          absl::StrCat(text, "; check the scheme tls://, --tls-ca, --tls-cert and --tls-key"));
    }
    return absl::UnavailableError(text);
  }
  return opened;
}

bool IsConnected(natsConnection* connection) {
  return natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED;
}

std::string LastErrorOf(natsConnection* connection) {
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  return text == nullptr ? "" : HeaderText(text, 512);
}

absl::Status StatusOf(natsStatus status, jsErrCode code, absl::string_view what,
                      absl::string_view closed_because) {
  const char* last = nats_GetLastError(nullptr);
  const std::string text =
      absl::StrCat(what, ": ",
                   code != 0 && last != nullptr && *last != '\0' ? HeaderText(last, 512)
                                                                 : natsStatus_GetText(status));
  switch (code) {
    case JSStreamNotFoundErr:
      return absl::NotFoundError(text);
    case JSNotEnabledForAccountErr:
      return absl::FailedPreconditionError(absl::StrCat(text, "; enable JetStream"));
    default:
      break;
  }
  switch (status) {
    case NATS_CONNECTION_CLOSED:
      return absl::PermissionDeniedError(
          absl::StrCat("the server has closed the connection for good: ", closed_because));
    case NATS_NOT_PERMITTED:
    case NATS_CONNECTION_AUTH_FAILED:
      return absl::PermissionDeniedError(text);
    case NATS_NO_RESPONDERS:
      return absl::UnavailableError(
          absl::StrCat(text, ": JetStream is not ready, or not enabled (nats-server -js)"));
    case NATS_NOT_FOUND:
      return absl::NotFoundError(text);
    case NATS_INVALID_ARG:  // a name that no stream and no bucket can have
      return absl::FailedPreconditionError(text);
    default:
      return absl::UnavailableError(text);
  }
}

const char* Header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, name, &value) == NATS_OK ? value : nullptr;
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_NATS
