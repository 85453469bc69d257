#include "rabia_bench/floor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "rabia_bench/clock.h"
#include "rabia_bench/json.h"
#include "rabia_bench/socket.h"

namespace rabia::bench {
namespace {

constexpr std::int64_t measured_nanoseconds = 1'500'000'000;
constexpr std::size_t message_bytes = 64;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t file_bytes = 16U << 20;
using Message = std::array<char, message_bytes>;

Status refused(const std::string& what) {
  return {Code::io_error, "--floor: " + what + ": " + std::strerror(errno)};
}

bool receive_all(int socket, Message& message) {
  return ::recv(socket, message.data(), message.size(), MSG_WAITALL) ==
         static_cast<ssize_t>(message.size());
}

bool send_all(int socket, const Message& message) {
  return ::send(socket, message.data(), message.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(message.size());
}

Result<Descriptor> listen_on_loopback(std::uint16_t& port) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!listener.is_open() || ::bind(listener.number(), generic, size) != 0 ||
      ::listen(listener.number(), 1) != 0 ||
      ::getsockname(listener.number(), generic, &size) != 0) {
    return refused("no socket on loopback");
  }
  port = ntohs(address.sin_port);
  return listener;
}

// Sends back what comes until the other side closes.
void echo(int listener) {
  const Descriptor peer(::accept(listener, nullptr, nullptr));
  const int on = 1;
  ::setsockopt(peer.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Message message{};
  while (receive_all(peer.number(), message) && send_all(peer.number(), message)) {
  }
}

Status measure_round_trips(Histogram& histogram) {
  std::uint16_t port = 0;
  const auto listener = listen_on_loopback(port);
  if (!listener.ok()) return listener.status();
  auto socket = connect_to({"127.0.0.1", port});
  if (!socket.ok()) return socket.status();
  std::thread other([&] { echo(listener.value().number()); });
  Message message{};
  bool works = true;
  for (const std::int64_t end = clock_now() + measured_nanoseconds; works && clock_now() < end;) {
    const std::int64_t begun = clock_now();
    works =
        send_all(socket.value().number(), message) && receive_all(socket.value().number(), message);
    histogram.record(clock_now() - begun);
  }
  socket.value().close();
  other.join();
  return works ? Status() : refused("loopback");
}

Status measure_syncs(const std::string& directory, Histogram& histogram) {
  std::string path = directory + "/rabia-bench-floor-XXXXXX";
  const Descriptor file(::mkstemp(path.data()));
  if (!file.is_open()) return refused("no file in " + directory);
  ::unlink(path.c_str());
  const std::vector<char> zeros(file_bytes);
  const auto write_at = [&](std::size_t offset, const std::vector<char>& bytes) {
    return ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(bytes.size());
  };
  if (!write_at(0, zeros) || ::fsync(file.number()) != 0) return refused("writing a file");
  const std::vector<char> page(page_bytes, 'x');
  std::size_t offset = 0;
  for (const std::int64_t end = clock_now() + measured_nanoseconds; clock_now() < end;) {
    const std::int64_t begun = clock_now();
    if (!write_at(offset, page) || ::fdatasync(file.number()) != 0) return refused("a sync");
    histogram.record(clock_now() - begun);
    offset = (offset + page_bytes) % file_bytes;
  }
  return {};
}

double us(const Histogram& histogram, double percent) {
  return static_cast<double>(histogram.percentile(percent)) / 1e3;
}

std::string json_part(const Histogram& histogram) {
  return JsonObject()
      .add("count", histogram.count())
      .add("p50", us(histogram, 50))
      .add("p99", us(histogram, 99))
      .add("max", us(histogram, 100))
      .str();
}

std::string text_part(const char* name, const Histogram& histogram) {
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "%-44s p50 %8.1f us, p99 %8.1f us\n", name,
                us(histogram, 50), us(histogram, 99));
  return text.data();
}

}  // namespace

Result<Floor> measure_floor(const std::string& directory) {
  Floor floor;
  if (Status status = measure_round_trips(floor.round_trips); !status.ok()) return status;
  if (Status status = measure_syncs(directory, floor.syncs); !status.ok()) return status;
  return floor;
}

std::string json_floor(const Floor& floor) {
  return JsonObject()
             .add("round_trip_us", json_part(floor.round_trips))
             .add("sync_us", json_part(floor.syncs))
             .str() +
         "\n";
}

std::string text_floor(const Floor& floor) {
  return text_part("round trip over loopback, 64 bytes", floor.round_trips) +
         text_part("4 KiB into a file of zeros, and fdatasync", floor.syncs);
}

}  // namespace rabia::bench
