"""Finds the dead links of a folder of HTML: `check_links.py FOLDER` prints them and ends with 1."""

import html.parser
import os
import re
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """The links of a page, and the anchors that links may lead to."""

    def __init__(self, text):
        super().__init__()
        self.links = []
        self.anchors = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            if (name in ("href", "src") or (name == "data" and tag == "object")) and value:
                self.links.append(value)


def problems(folder):
    """Returns a line for each link inside the folder that leads to no file or to no anchor."""
    pages = {}
    links = {}
    for below, _, names in os.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(below, name), folder)
            if path.startswith("source/"):
                continue
            if name.endswith((".html", ".js")):
                with open(os.path.join(folder, path), encoding="utf-8") as file:
                    text = file.read()
            if name.endswith(".html"):
                pages[path] = Page(text)
                links[path] = pages[path].links
            elif name.endswith(".js"):
                # The trees and the search have their links in strings: "channel_8h.html#a12".
                found = re.findall(r"""["']((?:\.\./)?[\w-]+\.html(?:#[\w-]+)?)["']""", text)
                links[path] = [one for one in found if one not in ("nohtml", "search.html")]
    lines = []
    if "index.html" not in pages:
        lines.append("%s has no index.html" % folder)
    for page in sorted(links):
        for link in sorted(set(links[page])):
            if re.match(r"([a-z]+:|//)", link):
                continue
            path, _, anchor = link.partition("#")
            path = urllib.parse.unquote(path.partition("?")[0])
            base = os.path.dirname(page)
            path = os.path.normpath(os.path.join(base, path)) if path else page
            if not os.path.isfile(os.path.join(folder, path)):
                lines.append("%s: dead link %s" % (page, link))
            elif anchor and path in pages and urllib.parse.unquote(anchor) not in pages[path].anchors:
                lines.append("%s: dead anchor %s" % (page, link))
    return lines


if __name__ == "__main__":
    found = problems(sys.argv[1])
    print("\n".join(found) if found else "no dead link")
    sys.exit(1 if found else 0)
