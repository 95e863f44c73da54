"""Looks at the site in a browser: `browse.py SITE [--shots FOLDER]`.

Chromium loads each page at the width of a desk and of a phone, in light and in dark. A page must load,
log no error, show its pictures, and be no wider than the screen. The search must find a class. With
--shots it leaves pictures of some pages, for a person to look at.
"""

import argparse
import base64
import functools
import glob
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

DRIVER = "chromedriver"
SCREENS = {"desk": (1280, 900), "phone": (390, 844)}
SHOTS = ["index", "guide", "operations", "performance", "channel_8h", "classipmpsc_1_1Channel", "ipmpsc_8h"]


class Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Browser:
    """A session of ChromeDriver, by the W3C's protocol."""

    def __init__(self, profile):
        self.driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       encoding="utf-8")
        port = None
        for line in self.driver.stdout:
            started = re.search(r"started successfully on port (\d+)", line)
            if started:
                port = started.group(1)
                break
        if port is None:
            sys.exit("browse.py: chromedriver did not start")
        self.base = "http://127.0.0.1:%s/session" % port
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                            "--hide-scrollbars", "--user-data-dir=" + profile]}
        made = self.call("POST", "", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.base += "/" + made["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            sys.exit("browse.py: %s %s: %s" % (method, path, error.read().decode()[:500]))

    def devtools(self, command, parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def script(self, text):
        return self.call("POST", "/execute/sync", {"script": text, "args": []})

    def wait(self, text):
        """Runs a script until it returns something true, for at most 20 seconds."""
        return self.call("POST", "/execute/async", {"args": [], "script": """
            const done = arguments[arguments.length - 1];
            const until = Date.now() + 20000;
            (function look() {
              const value = (function() { %s })();
              if (value || Date.now() > until) done(value); else setTimeout(look, 30);
            })();""" % text})

    def errors(self):
        log = self.call("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


LOOK = """
  const images = [...document.images].filter(image => image.offsetParent !== null);
  images.forEach(image => image.loading = "eager");
  return {
    title: document.title,
    wide: document.documentElement.scrollWidth,
    widest: [...document.querySelectorAll("body *")].filter(one => {
      const box = one.getBoundingClientRect();
      return box.right > innerWidth + 1 && box.width > 0;
    }).slice(0, 3).map(one => one.tagName + "." + one.className),
    text: document.querySelector(".contents") ? document.querySelector(".contents").innerText.length : 0,
    background: getComputedStyle(document.body).backgroundColor,
  };
"""
LOADED = """
  return document.readyState === "complete" && [...document.images].every(image => image.complete);
"""
BROKEN = """
  return [...document.images].filter(image => image.naturalWidth === 0 && image.offsetParent !== null)
    .map(image => image.src);
"""


def brightness(color):
    return sum(int(part) for part in re.findall(r"\d+", color)[:3]) / 3


def look_at(browser, address, name, screen, scheme):
    """Returns what is wrong with a page."""
    browser.call("POST", "/url", {"url": "%s/%s.html" % (address, name)})
    look = browser.script(LOOK)
    wrong = []
    if not browser.wait(LOADED):
        wrong.append("does not finish loading")
    for picture in browser.script(BROKEN):
        wrong.append("the picture %s is not shown" % picture)
    if not look["title"]:
        wrong.append("has no title")
    if look["text"] < 10:
        wrong.append("is empty")
    if look["wide"] > SCREENS[screen][0]:
        wrong.append("is %d pixels wide: %s" % (look["wide"], ", ".join(look["widest"])))
    if (brightness(look["background"]) > 128) != (scheme == "light"):
        wrong.append("has the background %s" % look["background"])
    wrong += browser.errors()
    return ["%s.html (%s, %s): %s" % (name, screen, scheme, what) for what in wrong]


def search(browser, address):
    """Types into the search box and returns what is wrong with its answer."""
    browser.call("POST", "/url", {"url": address + "/index.html"})
    if not browser.wait("return window.searchBox && document.getElementById('MSearchField') !== null;"):
        return ["index.html has no search box"]
    field = browser.call("POST", "/element", {"using": "css selector", "value": "#MSearchField"})
    field = list(field.values())[0]
    browser.call("POST", "/element/%s/click" % field, {})
    browser.call("POST", "/element/%s/value" % field, {"text": "CreateTemp"})
    found = browser.wait("""
        const results = document.getElementById("MSearchResults");
        const frame = results && results.contentDocument ? results.contentDocument.body : results;
        if (!frame) return null;
        const links = [...frame.querySelectorAll(".SRResult")].filter(one => one.getClientRects().length);
        return links.map(one => one.innerText).join(" ") || null;""")
    if not found or "CreateTemp" not in found:
        return ["the search for CreateTemp finds: %s" % found]
    return []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("site")
    parser.add_argument("--shots")
    parser.add_argument("--only", default="", help="a regular expression for the names of pages")
    arguments = parser.parse_args()
    names = sorted(os.path.basename(one)[:-len(".html")] for one in glob.glob(arguments.site + "/*.html"))
    if "index" not in names:
        sys.exit("browse.py: %s has no index.html" % arguments.site)
    # Of the lists of members by letter one stands for all.
    names = [one for one in names if not re.search(r"_[a-z~0-9]$|^dir_|-members$", one) and
             re.search(arguments.only, one)]
    handler = functools.partial(Server, directory=arguments.site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = "http://127.0.0.1:%d" % server.server_address[1]
    problems = []
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            for screen, (width, height) in SCREENS.items():
                browser.devtools("Emulation.setDeviceMetricsOverride", {
                    "width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == "phone"})
                for scheme in ["light", "dark"]:
                    browser.devtools("Emulation.setEmulatedMedia", {
                        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
                    for name in names:
                        problems += look_at(browser, address, name, screen, scheme)
                        if arguments.shots and name in SHOTS:
                            shot = browser.devtools("Page.captureScreenshot", {"format": "png"})["data"]
                            os.makedirs(arguments.shots, exist_ok=True)
                            path = os.path.join(arguments.shots, "%s-%s-%s.png" % (name, screen, scheme))
                            with open(path, "wb") as file:
                                file.write(base64.b64decode(shot))
                if screen == "desk":
                    problems += search(browser, address)
        finally:
            browser.close()
            server.shutdown()
    print("\n".join(problems))
    print("%d pages, 2 widths, light and dark: %d problems" % (len(names), len(problems)))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
