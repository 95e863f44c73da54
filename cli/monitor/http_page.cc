#include "cli/monitor/http_page.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#ifdef IPMPSC_HAS_MICROHTTPD
#include <microhttpd.h>
#endif

namespace ipmpsc::cli {
namespace {

// The addresses of both families.
union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  const absl::Status wrong = absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is no address: write 127.0.0.1:9464 or [::1]:9464"));
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
      port > 65535) {
    return wrong;
  }
  absl::string_view host = text.substr(0, colon);
  Address address;
  std::memset(&address, 0, sizeof(address));
  if (absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]")) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(static_cast<uint16_t>(port));
    if (inet_pton(AF_INET6, std::string(host).c_str(), &address.v6.sin6_addr) != 1) return wrong;
  } else {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(static_cast<uint16_t>(port));
    if (inet_pton(AF_INET, std::string(host).c_str(), &address.v4.sin_addr) != 1) return wrong;
  }
  return address;
}

#ifdef IPMPSC_HAS_MICROHTTPD

constexpr unsigned kMostClients = 64;
constexpr unsigned kIdleSeconds = 10;

class Server : public HttpPage {
 public:
  explicit Server(std::function<std::string()> page) : page_(std::move(page)) {}
  ~Server() override {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  bool Start(const Address& address) {
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
    if (address.any.sa_family == AF_INET6) flags |= MHD_USE_IPv6;
    daemon_ =
        MHD_start_daemon(flags, 0, nullptr, nullptr, &Server::Answer, this, MHD_OPTION_SOCK_ADDR,
                         &address.any, MHD_OPTION_CONNECTION_LIMIT, kMostClients,
                         MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_END);
    return daemon_ != nullptr;
  }

  uint16_t port() const override {
    const MHD_DaemonInfo* const info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT);
    return info == nullptr ? 0 : info->port;
  }

 private:
  static MHD_Result Answer(void* self, MHD_Connection* connection, const char* url,
                           const char* method, const char* /*version*/, const char* /*data*/,
                           size_t* data_size, void** state) {
    // The first call of a request has only its headers. Bodies are read and ignored.
    static int seen;
    if (*state == nullptr) {
      *state = &seen;
      return MHD_YES;
    }
    if (*data_size != 0) {
      *data_size = 0;
      return MHD_YES;
    }
    std::string text;
    unsigned code = MHD_HTTP_OK;
    if (std::strcmp(method, "GET") != 0 && std::strcmp(method, "HEAD") != 0) {
      code = MHD_HTTP_METHOD_NOT_ALLOWED;
      text = "only GET and HEAD\n";
    } else if (std::strcmp(url, "/metrics") != 0) {
      code = MHD_HTTP_NOT_FOUND;
      text = "the metrics are at /metrics\n";
    } else {
      text = static_cast<Server*>(self)->page_();
    }
    MHD_Response* const response = MHD_create_response_from_buffer(
        text.size(), const_cast<char*>(text.data()), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            code == MHD_HTTP_OK ? "text/plain; version=0.0.4; charset=utf-8"
                                                : "text/plain; charset=utf-8");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED) {
      MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    const MHD_Result queued = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return queued;
  }

  const std::function<std::string()> page_;
  MHD_Daemon* daemon_ = nullptr;
};

#endif  // IPMPSC_HAS_MICROHTTPD

}  // namespace

absl::StatusOr<std::unique_ptr<HttpPage>> HttpPage::Serve(absl::string_view address,
                                                          std::function<std::string()> page) {
  const absl::StatusOr<Address> parsed = ParseAddress(address);
  if (!parsed.ok()) return parsed.status();
#ifdef IPMPSC_HAS_MICROHTTPD
  auto server = std::make_unique<Server>(std::move(page));
  if (!server->Start(*parsed)) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, ": it is taken, or no address of this machine"));
  }
  return std::unique_ptr<HttpPage>(std::move(server));
#else
  return absl::UnimplementedError(
      "this program was built without libmicrohttpd: install libmicrohttpd-dev and build it again, "
      "or write a file with --textfile");
#endif
}

}  // namespace ipmpsc::cli
