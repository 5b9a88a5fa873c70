/* A light reader of many streams: connects N times, sends each connection's opening bytes, and
 * counts marks "@T<19 digits of ns>@" in whatever comes back: lines of HTTP, frames of a websocket
 * or of HTTP/2, messages of a peer. Any protocol whose server sends without being asked again fits.
 *
 * What asks for Consul's list of events asks again, with the index of the answer, whenever one has
 * come whole; in it only marks count that are newer than the last answer's.
 *
 * What begins as HTTP/2 does is freed of its frames' heads, which cut marks in two.
 *
 * usage: reader HOST PORT CONNECTIONS OPENINGS
 * OPENINGS is a file of one or more openings, each with its length before it (4 bytes, little
 * endian); connection i sends opening i modulo their count. It says "ready" when all are sent.
 * Commands on stdin: "wait N" answers as soon as N marks have come since the last answer, "now" at
 * once; the answer is "COUNT BYTES P50_US P99_US SPAN_US", SPAN from the first mark to the last,
 * and begins a new count. End of stdin ends it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MARK = 22, CARRY = MARK - 1, CHUNK = 1 << 18, SAMPLES = 1 << 22, HEAD = 9,
       UNANSWERED = 100000, PATIENCE_MS = 50 };

struct stream {
  int fd, carried;
  uint32_t unanswered;      /* bytes of the opening, until some content comes */
  char carry[CARRY];
  int is_framed, head_got;  /* HTTP/2: how much of the next frame's head has come */
  uint32_t frame_left;      /* and of its content has not */
  unsigned char head[HEAD];
  int is_list;              /* Consul's: which index its answer has, and its newest mark */
  uint64_t index;
  int64_t newest_ns;
};

static uint32_t *samples;
static uint64_t marks, bytes, goal, unanswered;
static int64_t first_ns, last_ns;
static int is_waiting;
static char buffer[CARRY + CHUNK];

static void die(const char *why) { perror(why); exit(1); }

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void answer(void) {
  uint64_t kept = marks < SAMPLES ? marks : SAMPLES;
  qsort(samples, kept, sizeof *samples, by_size);
  printf("%lu %lu %u %u %ld\n", marks, bytes, kept ? samples[kept / 2] : 0,
         kept ? samples[kept * 99 / 100] : 0, (last_ns - first_ns) / 1000);
  fflush(stdout);
  marks = bytes = 0;
  first_ns = last_ns = 0;
  is_waiting = 0;
}

/* Leaves of what was received the contents of DATA frames (kind 0), and returns their size. */
static size_t without_heads(struct stream *s, char *from, size_t size) {
  char *to = from, *start = from, *end = from + size;
  while (from < end) {
    if (!s->frame_left) {
      s->head[s->head_got++] = *from++;
      if (s->head_got < HEAD) continue;
      s->head_got = 0;
      s->frame_left = s->head[0] << 16 | s->head[1] << 8 | s->head[2];
    }
    size_t some = s->frame_left < (size_t)(end - from) ? s->frame_left : (size_t)(end - from);
    if (!s->head[3]) memmove(to, from, some), to += some;
    from += some, s->frame_left -= some;
  }
  return to - start;
}

static void answered(struct stream *s) {
  unanswered -= s->unanswered;
  s->unanswered = 0;
}

/* Asks for the next list when one has come whole: it is the only array there. */
static void ask_again(struct stream *s, const char *from, const char *end) {
  const char *index = memmem(from, end - from, "X-Consul-Index: ", 16);
  if (!index) index = memmem(from, end - from, "x-consul-index: ", 16);
  if (index) s->index = strtoull(index + 16, NULL, 10);
  if (end > from && end[-1] == '\n') end--;
  if (end > from && end[-1] == ']')
    dprintf(s->fd, "GET /v1/event/list?index=%lu HTTP/1.1\r\nHost: localhost\r\n\r\n", s->index);
}

/* Returns whether the stream is still open. */
static int receive(struct stream *s) {
  memcpy(buffer, s->carry, s->carried);
  ssize_t got = read(s->fd, buffer + s->carried, CHUNK);
  if (got <= 0) return 0;
  bytes += got;
  size_t size = s->carried + (s->is_framed ? without_heads(s, buffer + s->carried, got) : got);
  if (size > (size_t)s->carried) answered(s);
  char *at = buffer, *end = buffer + size;
  int64_t now = now_ns();
  while ((at = memmem(at, end - at, "@T", 2)) && end - at >= MARK) {
    if (at[MARK - 1] == '@') {
      int64_t made_ns = strtoll(at + 2, NULL, 10), late_us = (now - made_ns) / 1000;
      if (s->is_list && made_ns <= s->newest_ns) { at += MARK; continue; }
      s->newest_ns = made_ns;
      samples[marks++ % SAMPLES] = late_us < 0 ? 0 : late_us > UINT32_MAX ? UINT32_MAX : late_us;
      at += MARK;
      if (!first_ns) first_ns = now;
      last_ns = now;
    } else at += 2;
  }
  if (s->is_list) ask_again(s, buffer, end);
  /* What may be the beginning of a mark stays, and nothing that was counted. */
  char *rest = at ? at : end > buffer && end[-1] == '@' ? end - 1 : end;
  s->carried = end - rest;
  memcpy(s->carry, rest, s->carried);
  return 1;
}

static int connect_to(const char *host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1) die("host");
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
  return fd;
}

/* Handles what is there, and returns how much: 0 after a silence, -1 at the end of stdin. */
static int step(int poll, int patience_ms) {
  struct epoll_event found[256];
  int n = epoll_wait(poll, found, 256, patience_ms);
  for (int i = 0; i < n; i++) {
    struct stream *s = found[i].data.ptr;
    if (!s) {
      char line[64];
      ssize_t got = read(0, line, sizeof line - 1);
      if (got <= 0) return -1;
      line[got] = 0;
      if (!strncmp(line, "now", 3)) answer();
      else { goal = strtoull(line + 5, NULL, 10); is_waiting = 1; }
    } else if (!receive(s)) {
      answered(s);
      epoll_ctl(poll, EPOLL_CTL_DEL, s->fd, NULL);
      close(s->fd);
    }
  }
  if (is_waiting && marks >= goal) answer();
  return n;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int count = atoi(argv[3]), openings = 0;
  char *texts[20000]; uint32_t sizes[20000];
  FILE *file = fopen(argv[4], "rb");
  if (!file) die("openings");
  while (openings < 20000 && fread(&sizes[openings], 4, 1, file) == 1) {
    texts[openings] = malloc(sizes[openings]);
    if (fread(texts[openings], 1, sizes[openings], file) != sizes[openings]) die("openings");
    openings++;
  }
  samples = malloc(SAMPLES * sizeof *samples);
  struct rlimit files = {count + 64, count + 64};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  int poll = epoll_create1(0);
  struct stream *streams = calloc(count, sizeof *streams);
  for (int i = 0; i < count; i++) {
    streams[i].fd = connect_to(argv[1], atoi(argv[2]));
    uint32_t size = sizes[i % openings];
    streams[i].is_framed = size >= 3 && !memcmp(texts[i % openings], "PRI", 3);
    streams[i].is_list = size > 19 && !memcmp(texts[i % openings], "GET /v1/event/list?", 19);
    if (write(streams[i].fd, texts[i % openings], size) != (ssize_t)size) die("write");
    unanswered += streams[i].unanswered = size;
    struct epoll_event want = {EPOLLIN, {.ptr = &streams[i]}};
    epoll_ctl(poll, EPOLL_CTL_ADD, streams[i].fd, &want);
    /* grpc refuses calls when a thousand wait; a server that answers nothing yet is given up. */
    while (unanswered > UNANSWERED && step(poll, PATIENCE_MS)) {}
  }
  struct epoll_event want = {EPOLLIN, {.ptr = NULL}};
  epoll_ctl(poll, EPOLL_CTL_ADD, 0, &want);
  puts("ready");
  fflush(stdout);
  while (step(poll, -1) >= 0) {}
}
