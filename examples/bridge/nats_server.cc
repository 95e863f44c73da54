#include "examples/bridge/nats_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace ipmpsc::examples {
namespace {

// Returns the server's path, or "".
std::string FindProgram() {
  const char* path = std::getenv("PATH");
  const std::string folders =
      absl::StrCat(path == nullptr ? "" : path, ":/usr/sbin:/usr/local/bin");
  for (const absl::string_view folder : absl::StrSplit(folders, ':', absl::SkipEmpty())) {
    const std::string program = absl::StrCat(folder, "/nats-server");
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Returns a port that nobody listens on now, or 0.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  int port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

std::string Content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

absl::StatusOr<NatsServer> NatsServer::Start(const std::string& folder,
                                             const std::vector<std::string>& arguments) {
  NatsServer server;
  server.folder_ = folder;
  server.arguments_ = arguments;
  absl::Status started;
  // Another process may take the port before the server does.
  for (int i = 0; i < 5; ++i) {
    server.port_ = FreePort();
    started = server.StartAgain();
    if (started.ok()) return server;
    if (!absl::StrContains(started.message(), "address already in use")) break;
  }
  return started;
}

NatsServer::NatsServer(NatsServer&& other) noexcept { *this = std::move(other); }

NatsServer& NatsServer::operator=(NatsServer&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(arguments_, other.arguments_);
  std::swap(port_, other.port_);
  std::swap(pid_, other.pid_);
  return *this;
}

NatsServer::~NatsServer() { Stop(SIGKILL); }

void NatsServer::Stop(int signal) {
  if (pid_ <= 0) return;
  kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void NatsServer::Pause() const {
  kill(pid_, SIGSTOP);
  waitpid(pid_, nullptr, WUNTRACED);
}

void NatsServer::Resume() const { kill(pid_, SIGCONT); }

absl::Status NatsServer::StartAgain() {
  const std::string program = FindProgram();
  if (program.empty()) {
    return absl::NotFoundError("nats-server is not installed; apt-get install nats-server");
  }
  const std::string log = folder_ + "/server.log";
  std::vector<std::string> arguments = {
      program, "-a", "127.0.0.1", "-p", absl::StrCat(port_), "-js", "-sd", folder_ + "/jetstream",
      "-l",    log};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // The line that it waits for below must not be that of an earlier start.
  if (truncate(log.c_str(), 0) != 0 && errno != ENOENT) {
    return absl::ErrnoToStatus(errno, "cannot empty " + log);
  }
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) return absl::ErrnoToStatus(errno, "cannot start nats-server");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  for (int i = 0; i < 2000; ++i) {
    if (absl::StrContains(Content(log), "Server is ready")) return absl::OkStatus();
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  Stop(SIGKILL);
  std::string end = Content(log);
  if (end.size() > 1000) end.erase(0, end.size() - 1000);
  return absl::UnavailableError(absl::StrCat("nats-server does not answer: ", end));
}

std::string NatsServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

}  // namespace ipmpsc::examples
