/* Light clients that ask the same again and again: each of N connections sends its request, throws
 * the whole answer away, and sends it anew.
 *
 * usage: poller HOST PORT CONNECTIONS REQUEST
 * REQUEST is a file with one HTTP/1.1 request whose answer is a 200 with a Content-Length. It says
 * "ready" after the first answer to every connection. Any line on stdin is answered with the
 * answers so far; end of stdin ends it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 4096, AT_ONCE = 1 << 20 };

struct client { int fd, answers; long left; size_t got; char head[HEAD + 1]; };

static char request[HEAD];
static size_t request_size;
static long answers;

static void die(const char *why) { perror(why); exit(1); }

static void ask(struct client *c) {
  c->got = 0, c->left = -1;
  if (write(c->fd, request, request_size) != (ssize_t)request_size) die("write");
}

/* Takes what has come; of a head, all bytes up to the body's. */
static void receive(struct client *c) {
  if (c->left < 0) {
    ssize_t some = recv(c->fd, c->head + c->got, HEAD - c->got, 0);
    if (some <= 0) die("the server closed a connection");
    c->head[c->got += some] = 0;
    char *end = strstr(c->head, "\r\n\r\n"), *length = strcasestr(c->head, "content-length:");
    if (!end) return;
    if (strncmp(c->head, "HTTP/1.1 200", 12) || !length) die("not a 200 with a length");
    c->left = atol(length + 15) - (c->head + c->got - (end + 4));
  } else {
    ssize_t some = recv(c->fd, NULL, c->left < AT_ONCE ? c->left : AT_ONCE, MSG_TRUNC);
    if (some <= 0) die("the server closed a connection");
    c->left -= some;
  }
  if (!c->left) answers++, c->answers++, ask(c);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int count = atoi(argv[3]), poll = epoll_create1(0), is_ready = 0;
  FILE *file = fopen(argv[4], "rb");
  if (!file) die("request");
  request_size = fread(request, 1, HEAD, file);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) die("host");
  struct client *all = calloc(count, sizeof *all);
  struct epoll_event want = {EPOLLIN, {.ptr = NULL}}, found[64];
  epoll_ctl(poll, EPOLL_CTL_ADD, 0, &want);
  for (int i = 0; i < count; i++) {
    all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (all[i].fd < 0 || connect(all[i].fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    want.data.ptr = &all[i];
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &want);
    ask(&all[i]);
  }
  for (;;) {
    int n = epoll_wait(poll, found, 64, -1), answered = 0;
    for (int i = 0; i < n; i++) {
      char line[64];
      if (found[i].data.ptr) receive(found[i].data.ptr);
      else if (read(0, line, sizeof line) <= 0) return 0;
      else printf("%ld\n", answers), fflush(stdout);
    }
    for (int i = 0; i < count && !is_ready; i++) answered += all[i].answers > 0;
    if (!is_ready && answered == count) is_ready = 1, puts("ready"), fflush(stdout);
  }
}
