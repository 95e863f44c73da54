// Board: words in memory that a test shares with the processes it starts, apart from any channel.
// A process's writes there stay when it is killed.
#ifndef TESTS_TESTING_PROCESS_BOARD_H_
#define TESTS_TESTING_PROCESS_BOARD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ipmpsc::testing {

class Board {
 public:
  static constexpr size_t kCells = 16384;

  // A new one, all zero. Forked children have it too; others map it by its `fd()`, which they must
  // inherit.
  Board();
  // Maps one that exists.
  explicit Board(int fd);
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;
  ~Board();

  int fd() const { return fd_; }
  std::atomic<uint64_t>& operator[](size_t cell) const;

 private:
  void Map();

  int fd_;
  std::atomic<uint64_t>* cells_ = nullptr;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_BOARD_H_
