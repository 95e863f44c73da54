/* Creates a channel and prints the lines that any number of examples/c/send.c send, until they all
 * have gone. C11.
 *
 *   receive PATH
 */
#include <stdio.h>

#include "ipmpsc/c/ipmpsc.h"

static int failed(const char* what) {
  fprintf(stderr, "receive: %s: %s\n", what, ipmpsc_error_text());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: receive PATH, for example receive /dev/shm/lines\n");
    return 2;
  }
  ipmpsc_channel* channel = NULL;
  ipmpsc_receiver* receiver = NULL;
  const ipmpsc_channel_options options = {
      .size = sizeof options, .capacity = 65536, .exist_policy = IPMPSC_EXIST_OPEN_OR_REPLACE};
  const ipmpsc_receiver_options receiver_options = {
      .size = sizeof receiver_options, .name = "receive", .end_without_senders = true};
  int status = 0;
  if (ipmpsc_channel_create(argv[1], &options, &channel) != IPMPSC_OK ||
      ipmpsc_receiver_attach(channel, &receiver_options, &receiver) != IPMPSC_OK) {
    status = failed(argv[1]);
  }
  while (status == 0) {
    ipmpsc_lease* lease = NULL;
    ipmpsc_message message = {.size = sizeof message};
    const ipmpsc_status received = ipmpsc_receive(receiver, IPMPSC_FOREVER, &lease, &message);
    if (received == IPMPSC_OUT_OF_RANGE) break; /* All senders have gone. */
    if (received != IPMPSC_OK) {
      status = failed("cannot receive");
      break;
    }
    fwrite(message.data, 1, message.data_size, stdout);
    putchar('\n');
    ipmpsc_lease_release(&lease);
  }
  ipmpsc_receiver_free(&receiver);
  if (channel != NULL) remove(argv[1]);
  ipmpsc_channel_free(&channel);
  return status;
}
