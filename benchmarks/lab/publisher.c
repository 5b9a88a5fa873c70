/* Light publishers over gRPC: each of N connections sends a call, awaits its answer, and sends the
 * next. All bytes are made by whoever starts it; this sets stream numbers and counts answers.
 *
 * usage: publisher HOST PORT CONNECTIONS OPENING CALL
 * OPENING and CALL are files of HTTP/2 frames. Where the opening begins no call, every CALL is a
 * call of its own (unary: a new stream, answered by the frame that ends it); where it does, every
 * CALL is one more message of that call, answered by one message. It says "ready" when all are
 * connected. Commands on stdin: "run N" makes N calls, shared by all, and answers
 * "SPAN_US P50_US P99_US"; end of stdin ends it. A call that the
 * server ends without an answer is told on stderr, with exit 1. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PREFACE = 24, HEAD = 9, DATA = 0, HEADERS = 1, RST = 3, SETTINGS = 4, PING = 6,
       GOAWAY = 7, WINDOW = 8, ACK = 1, END_STREAM = 1, INITIAL_WINDOW = 4, CHUNK = 1 << 16, MOST = 1 << 22 };

struct text { char *bytes; size_t size; int64_t data; };  /* data: what windows count of it */

struct connection {
  int fd, is_waiting, has_content;
  uint32_t stream;
  int64_t sent_ns;
  int64_t window, first, own;  /* the connection's, a new stream's, and the current stream's */
  size_t got;
  unsigned char held[CHUNK];
};

static struct text opening, call;
static int is_stream;          /* one call for all messages */
static uint64_t left, under_way, done;
static uint32_t *late_us;

static void die(const char *why) { perror(why); exit(1); }

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint32_t number(const unsigned char *at, int bytes) {
  uint32_t value = 0;
  while (bytes--) value = value << 8 | *at++;
  return value;
}

static uint32_t frame_size(const char *frame) { return number((const unsigned char *)frame, 3); }

static struct text text_of(const char *path) {
  struct text t = {malloc(1 << 24), 0, 0};
  FILE *file = fopen(path, "rb");
  if (!file) die(path);
  t.size = fread(t.bytes, 1, 1 << 24, file);
  fclose(file);
  return t;
}

static void send_all(int fd, const char *bytes, size_t size) {
  while (size) {
    ssize_t some = write(fd, bytes, size);
    if (some <= 0) die("write");
    bytes += some, size -= some;
  }
}

/* Sends the next call if there is one and the server takes as much. */
static void next(struct connection *c) {
  if (!left || c->is_waiting || c->window < call.data || c->own < call.data) return;
  for (size_t at = 0; at < call.size; at += HEAD + frame_size(call.bytes + at)) {
    uint32_t stream = htonl(c->stream);
    memcpy(call.bytes + at + 5, &stream, 4);
  }
  left--, under_way++;
  c->is_waiting = 1;
  c->has_content = 0;
  c->window -= call.data, c->own -= call.data;
  c->sent_ns = now_ns();
  send_all(c->fd, call.bytes, call.size);
}

static void refuse(int kind) {
  fprintf(stderr, "publisher: the server ended a call with frame %d\n", kind);
  exit(1);
}

static void answered(struct connection *c) {
  late_us[done++ % MOST] = (now_ns() - c->sent_ns) / 1000;
  under_way--;
  c->is_waiting = 0;
  if (!is_stream) c->stream += 2, c->own = c->first;
}

static void settings(struct connection *c, const unsigned char *at, uint32_t size) {
  for (; size >= 6; at += 6, size -= 6)
    if (number(at, 2) == INITIAL_WINDOW) {
      c->own += number(at + 2, 4) - c->first;
      c->first = number(at + 2, 4);
    }
}

/* Who does not answer one is taken for gone. */
static void pong(struct connection *c, const unsigned char *head, uint32_t size) {
  if (head[4] & ACK) return;
  char answer[HEAD + 8];
  memcpy(answer, head, HEAD + size);
  answer[4] = ACK;
  send_all(c->fd, answer, HEAD + size);
}

static void frame(struct connection *c, const unsigned char *head, uint32_t size) {
  int kind = head[3], ends = (kind == DATA || kind == HEADERS) && head[4] & END_STREAM;
  uint32_t stream = number(head + 5, 4);
  if (kind == PING && size == 8) pong(c, head, size);
  if (kind == SETTINGS) settings(c, head + HEAD, size);
  if (kind == WINDOW && !stream) c->window += number(head + HEAD, 4);
  if (kind == WINDOW && stream == c->stream) c->own += number(head + HEAD, 4);
  if (kind == DATA && size) c->has_content = 1;
  if (kind == GOAWAY || kind == RST || (ends && (is_stream || !c->has_content))) refuse(kind);
  if (is_stream ? kind == DATA && size : ends) answered(c);
}

static void receive(struct connection *c) {
  ssize_t some = read(c->fd, c->held + c->got, CHUNK - c->got);
  if (some <= 0) die("the server closed a connection");
  c->got += some;
  size_t at = 0;
  while (c->got - at >= HEAD) {
    uint32_t size = number(c->held + at, 3);
    if (c->got - at < HEAD + size) break;
    frame(c, c->held + at, size);
    at += HEAD + size;
  }
  memmove(c->held, c->held + at, c->got -= at);
  next(c);
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void run(int poll, struct connection *all, int count, uint64_t calls) {
  int64_t began = now_ns();
  left = calls, done = 0;
  for (int i = 0; i < count; i++) next(&all[i]);
  while (left || under_way) {
    struct epoll_event found[256];
    int n = epoll_wait(poll, found, 256, -1);
    for (int i = 0; i < n; i++) receive(found[i].data.ptr);
  }
  int64_t span_us = (now_ns() - began) / 1000;
  uint64_t kept = done < MOST ? done : MOST;
  qsort(late_us, kept, sizeof *late_us, by_size);
  printf("%ld %u %u\n", span_us, late_us[kept / 2], late_us[kept * 99 / 100]);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int count = atoi(argv[3]), poll = epoll_create1(0), yes = 1;
  opening = text_of(argv[4]), call = text_of(argv[5]);
  late_us = malloc(MOST * sizeof *late_us);
  for (size_t at = PREFACE; at < opening.size; at += HEAD + frame_size(opening.bytes + at))
    is_stream |= opening.bytes[at + 3] == HEADERS;
  for (size_t at = 0; at < call.size; at += HEAD + frame_size(call.bytes + at))
    if (call.bytes[at + 3] == DATA) call.data += frame_size(call.bytes + at);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) die("host");
  struct connection *all = calloc(count, sizeof *all);
  for (int i = 0; i < count; i++) {
    struct connection *c = &all[i];
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->stream = 1, c->window = c->first = c->own = 65535;
    send_all(c->fd, opening.bytes, opening.size);
    struct epoll_event want = {EPOLLIN, {.ptr = c}};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &want);
  }
  puts("ready");
  fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin)) run(poll, all, count, strtoull(line + 4, NULL, 10));
  return 0;
}
