/* Sends the lines of standard input to examples/c/receive.c. C11.
 *
 *   send PATH
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "ipmpsc/c/ipmpsc.h"

static int failed(const char* what) {
  fprintf(stderr, "send: %s: %s\n", what, ipmpsc_error_text());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: send PATH, for example send /dev/shm/lines < file\n");
    return 2;
  }
  ipmpsc_channel* channel = NULL;
  ipmpsc_sender* sender = NULL;
  int status = 0;
  /* Either program may start first. */
  const ipmpsc_open_options options = {.size = sizeof options, .timeout = 10 * IPMPSC_SECOND};
  if (ipmpsc_channel_open(argv[1], &options, &channel) != IPMPSC_OK ||
      ipmpsc_sender_attach(channel, NULL, &sender) != IPMPSC_OK) {
    status = failed(argv[1]);
  }
  char* line = NULL;
  size_t room = 0;
  ssize_t length;
  while (status == 0 && (length = getline(&line, &room, stdin)) > 0) {
    if (line[length - 1] == '\n') --length;
    /* In place: the bytes are written where the receiver reads them. */
    ipmpsc_loan* loan = NULL;
    void* data = NULL;
    if (ipmpsc_claim(sender, (size_t)length, IPMPSC_FOREVER, &loan, &data) != IPMPSC_OK) {
      status = failed("cannot send");
      break;
    }
    memcpy(data, line, (size_t)length);
    if (ipmpsc_loan_publish(&loan, (size_t)length) != IPMPSC_OK) status = failed("cannot send");
  }
  free(line);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
  return status;
}
