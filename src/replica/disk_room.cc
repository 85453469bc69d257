#include "replica/disk_room.h"

#include <utility>

#include "io/log.h"

namespace rabia::replica {

namespace {

constexpr std::uint64_t written_part = 16;  // Of the reserve, at most between two looks.

}  // namespace

DiskRoom::DiskRoom(io::Executor& executor, io::FileSystem& files, io::Worker& log_worker,
                   DiskRoomOptions options, std::function<void(Room before)> changed)
    : executor_(executor),
      files_(files),
      jobs_(log_worker),
      options_(std::move(options)),
      changed_(std::move(changed)),
      timer_(executor.make_timer([this] { on_timer(); })) {
  status_.reserve_bytes = options_.reserve_bytes;
}

Status DiskRoom::look() {
  if (status_.reserve_bytes == 0) return {};
  const Result<std::uint64_t> free_bytes = files_.free_bytes(options_.directory);
  if (!free_bytes.ok()) return free_bytes.status();
  status_.free_bytes = free_bytes.value();
  judge();
  return {};
}

void DiskRoom::begin() {
  begun_ = true;
  on_timer();
}

void DiskRoom::on_timer() {
  if (status_.reserve_bytes == 0) return judge();
  look_later();
  timer_->arm(executor_.now() + options_.look_every);
}

void DiskRoom::wrote(std::uint64_t bytes) {
  written_since_look_ += bytes;
  if (status_.reserve_bytes == 0) return;
  if (written_since_look_ >= status_.reserve_bytes / written_part) look_later();
}

void DiskRoom::set_reserve(std::uint64_t bytes) {
  if (bytes == status_.reserve_bytes) return;
  status_.reserve_bytes = bytes;
  new_marks_ = true;
  timer_->arm(executor_.now());
}

bool DiskRoom::fits(std::uint64_t bytes) const {
  if (status_.reserve_bytes == 0) return true;
  const std::uint64_t kept = status_.critical_bytes();
  return status_.free_bytes > kept && bytes < status_.free_bytes - kept;
}

void DiskRoom::look_later() {
  if (looking_) return;
  looking_ = true;
  written_since_look_ = 0;
  jobs_.run(
      [&files = files_, directory = options_.directory] { return files.free_bytes(directory); },
      [this](const Result<std::uint64_t>& free_bytes) { looked(free_bytes); });
}

void DiskRoom::looked(const Result<std::uint64_t>& free_bytes) {
  looking_ = false;
  const bool was_blind = std::exchange(blind_, !free_bytes.ok());
  if (free_bytes.ok()) {
    status_.free_bytes = free_bytes.value();
    judge();
  } else if (!was_blind) {
    io::log(io::Level::warning, "replica", "cannot tell how much room the disk has",
            {{"reason", free_bytes.status().message()}});
  }
}

void DiskRoom::judge() {
  const Room before = std::exchange(status_.room, room_now());
  new_marks_ = false;
  if (status_.room == before) return;
  log_change(before);
  if (begun_) changed_(before);
}

DiskStatus::Room DiskRoom::room_now() const {
  const std::uint64_t free_bytes = status_.free_bytes;
  const bool in_low = !new_marks_ && status_.room != Room::enough;
  const bool in_critical = !new_marks_ && status_.room == Room::critical;
  if (free_bytes < (in_critical ? status_.leaves_critical_at() : status_.critical_bytes())) {
    return Room::critical;
  }
  const bool low = free_bytes < (in_low ? status_.leaves_low_at() : status_.reserve_bytes);
  return low ? Room::low : Room::enough;
}

void DiskRoom::log_change(Room before) const {
  const io::LogField free{"free_bytes", status_.free_bytes};
  const io::LogField reserve{"reserve_bytes", status_.reserve_bytes};
  if (status_.room == Room::enough) {
    io::log(io::Level::info, "replica", "the disk has room again: writes are taken",
            {free, reserve});
  } else if (status_.room == Room::critical) {
    io::log(io::Level::error, "replica",
            "the disk is full but for what the log may need: no part is taken until it has room",
            {free, reserve, {"needs_bytes", status_.critical_bytes()}});
  } else {
    const bool back = before == Room::critical;
    io::log(io::Level::warning, "replica",
            back ? "the disk has some room again: part is taken, clients' writes are refused"
                 : "the disk is nearly full: clients' writes are refused",
            {free, reserve});
  }
}

}  // namespace rabia::replica
