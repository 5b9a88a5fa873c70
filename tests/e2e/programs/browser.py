"""A real Chromium that does what it is told, one JSON line for each word, and one for each answer.

usage: browser.py CHROMIUM

A word is [method of Playwright's page, positional arguments, named arguments], or one of `OWN`. An
answer is {"value": …} or {"error": text}.
"""

import json
import pathlib
import sys

from playwright.sync_api import Error, sync_playwright

# Every violation of the page's policy, and each promise that nobody caught.
WATCH = """
window.watched = [];
document.addEventListener("securitypolicyviolation", (event) =>
    window.watched.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
window.addEventListener("unhandledrejection", (event) =>
    window.watched.push(`rejection: ${event.reason}`));
"""


class Tab:
    """A page with everything that went wrong on it, and every request that it made."""

    def __init__(self, browser):
        self.browser = browser
        self.context = None

    def new(self, **options):
        """Open a page without anything that another has kept."""
        if self.context:
            self.context.close()
        self.context = self.browser.new_context(**options)
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.problems, self.requests, self.asking = [], [], set()
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}"))
        self.page.on("request", self.asked)
        self.page.on("requestfinished", self.answered)
        self.page.on("requestfailed", self.answered)
        self.page.on("request", lambda request: self.requests.append([request.method, request.url]))

    def asked(self, request):
        self.asking.add(request)

    def answered(self, request):
        self.asking.discard(request)

    def heard(self, message):
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def report(self):
        """Return what went wrong, and which requests were made."""
        watched = self.page.evaluate("window.watched")
        return {"problems": [*self.problems, *watched], "requests": self.requests}

    def until(self, expression, argument, timeout_s):
        """Wait until an expression is true. Playwright's own way needs eval in the page."""
        for _ in range(int(timeout_s * 20)):
            if self.page.evaluate(expression, argument):
                return True
            self.page.wait_for_timeout(50)
        return False

    def idle(self, timeout_s):
        """Wait until nothing but endless streams is being asked for, a few times in a row."""
        quiet = 0
        for _ in range(int(timeout_s * 20)):
            self.page.wait_for_timeout(50)
            quiet = 0 if any("/v1/events" not in each.url for each in self.asking) else quiet + 1
            if quiet == 3:
                return True
        return False

    def drag(self, start, end):
        """Press the mouse at one point, and let go at another."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=5)
        self.page.mouse.up()

    def offline(self, is_offline):
        """Take the network away from the page, or give it back."""
        self.context.set_offline(is_offline)

    def stand_in(self, pattern, bodies):
        """Answer requests for an address with each of some JSON texts, and again with the last."""
        left = iter(bodies[:-1])
        self.page.route(
            pattern,
            lambda route: route.fulfill(
                body=next(left, bodies[-1]), content_type="application/json"
            ),
        )

    def memory(self):
        """Return what the page keeps, after its garbage was collected."""
        session = self.context.new_cdp_session(self.page)
        session.send("HeapProfiler.collectGarbage")
        usage = session.send("Runtime.getHeapUsage")
        counts = session.send("Memory.getDOMCounters")
        session.detach()
        parts = ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
        return {
            "bytes": sum(usage.get(part, 0) for part in parts),
            "nodes": counts["nodes"],
            "listeners": counts["jsEventListeners"],
        }

    def axe(self, path):
        """Return what axe finds on the page."""
        self.page.evaluate(pathlib.Path(path).read_text() + ";undefined")
        return self.page.evaluate("async () => (await axe.run()).violations")


OWN = ("new", "report", "until", "idle", "drag", "offline", "stand_in", "memory", "axe")


def main():
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not run as root, as CI does
        browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
        tab = Tab(browser)
        for line in sys.stdin:
            method, arguments, named = json.loads(line)
            try:
                value = getattr(tab if method in OWN else tab.page, method)(*arguments, **named)
                answer = {
                    "value": value
                    if method
                    not in ("goto", "reload", "go_back", "screenshot", "wait_for_selector")
                    else None
                }
            except Error as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)


main()
