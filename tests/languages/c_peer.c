/* The peer of matrix.sh in C. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipmpsc/c/ipmpsc.h"

#define PATIENCE (60 * IPMPSC_SECOND)

static void or_die(ipmpsc_status status) {
  if (status == IPMPSC_OK) return;
  fprintf(stderr, "%s: %s\n", ipmpsc_status_name(status), ipmpsc_error_text());
  exit(1);
}

/* Prints at once, so that the text is there when this process is killed. */
static void print(const char* text) {
  const size_t size = strlen(text);
  if (write(1, text, size) != (ssize_t)size) exit(1);
}

static int receive(const char* path) {
  const ipmpsc_channel_options options = {
      .size = sizeof options, .capacity = 65536, .max_senders = 4};
  ipmpsc_channel* channel = NULL;
  ipmpsc_receiver* receiver = NULL;
  int ended = 0;
  or_die(ipmpsc_channel_create(path, &options, &channel));
  or_die(ipmpsc_receiver_attach(channel, NULL, &receiver));
  while (!ended) {
    ipmpsc_lease* lease = NULL;
    ipmpsc_message message = {.size = sizeof message};
    or_die(ipmpsc_receive(receiver, PATIENCE, &lease, &message));
    fwrite(message.data, 1, message.data_size, stdout);
    putchar('\n');
    ended = message.data_size == 3 && memcmp(message.data, "end", 3) == 0;
    ipmpsc_lease_release(&lease);
  }
  ipmpsc_receiver_free(&receiver);
  ipmpsc_channel_free(&channel);
  return fflush(stdout) == 0 ? 0 : 1;
}

static int send_all(const char* path, const char* name, uint64_t count, const char* last) {
  const ipmpsc_open_options options = {.size = sizeof options, .timeout = PATIENCE};
  ipmpsc_channel* channel = NULL;
  ipmpsc_sender* sender = NULL;
  ipmpsc_loan* loan = NULL;
  void* data = NULL;
  char message[2048];
  char number[32];
  uint64_t i;
  or_die(ipmpsc_channel_open(path, &options, &channel));
  or_die(ipmpsc_sender_attach(channel, NULL, &sender));
  for (i = 0; count == 0 || i < count; ++i) {
    const size_t letters = (size_t)(i * 37 % 1500);
    const size_t head = (size_t)snprintf(message, 256, "%s %llu ", name, (unsigned long long)i);
    memset(message + head, 'a' + (int)(i % 26), letters);
    or_die(ipmpsc_send(sender, message, head + letters, PATIENCE));
    snprintf(number, sizeof number, "%llu\n", (unsigned long long)i);
    print(number);
  }
  if (strcmp(last, "finish") == 0) or_die(ipmpsc_send(sender, "end", 3, PATIENCE));
  if (strcmp(last, "hold") == 0) {
    or_die(ipmpsc_claim(sender, 100, PATIENCE, &loan, &data));
    memset(data, '!', 50);
    print("held\n");
    sleep(60);
    return 1; /* Nobody has killed it. */
  }
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "receive") == 0) return receive(argv[2]);
  if ((argc == 5 || argc == 6) && strcmp(argv[1], "send") == 0) {
    return send_all(argv[2], argv[3], strtoull(argv[4], NULL, 10), argc == 6 ? argv[5] : "");
  }
  fprintf(stderr, "usage: matrix.sh says how to call a peer\n");
  return 2;
}
