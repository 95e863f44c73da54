// Board: shared words of memory, apart from any channel, for a test and the processes it starts.
// Values that a process wrote remain after it is killed.
#ifndef TESTS_TESTING_PROCESS_BOARD_H_
#define TESTS_TESTING_PROCESS_BOARD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ipmpsc::testing {

class Board {
 public:
  static constexpr size_t kCells = 16384;

  // Creates a board of zeros. Forked children share it. Other processes inherit its `fd()` and map
  // it.
  Board();
  // Maps an existing board.
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
