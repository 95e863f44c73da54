#include "tests/testing/process/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ipmpsc::testing {
namespace {

constexpr size_t kSize = Board::kCells * sizeof(std::atomic<uint64_t>);

// Prints its own message, since programs without GoogleTest also use this file.
[[noreturn]] void Fail(const char* what) {
  perror(what);
  abort();
}

}  // namespace

Board::Board() : fd_(memfd_create("board", MFD_CLOEXEC)) {
  if (fd_ < 0 || ftruncate(fd_, kSize) != 0) Fail("cannot create a board");
  Map();
}

Board::Board(int fd) : fd_(fd) { Map(); }

void Board::Map() {
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (memory == MAP_FAILED) Fail("cannot map a board");
  cells_ = static_cast<std::atomic<uint64_t>*>(memory);
}

Board::~Board() {
  munmap(cells_, kSize);
  close(fd_);
}

std::atomic<uint64_t>& Board::operator[](size_t cell) const {
  if (cell >= kCells) Fail("no such cell");
  return cells_[cell];
}

}  // namespace ipmpsc::testing
