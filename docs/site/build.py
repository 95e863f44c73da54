"""Builds the documentation as a web site: `build.py [HEADER...] OUTDIR`.

The pages are README.md, docs/*.md, ipmpsc/DESIGN.md and those that a visitor of the repository reads.
The reference is of the public headers, and of the generated headers that the arguments name. A warning
of doxygen and a link that leads nowhere are errors.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
os.environ["IPMPSC_TREE"] = TREE
sys.path.insert(0, HERE)
import check_links  # noqa: E402
import filter as page_filter  # noqa: E402

STYLE = "/usr/share/doxygen-awesome-css"

# The headers that programs include, and those whose classes they meet in generated code.
HEADERS = [
    "ipmpsc/channel.h",
    "ipmpsc/deadline.h",
    "ipmpsc/fd_passing.h",
    "ipmpsc/options.h",
    "ipmpsc/post_mortem.h",
    "ipmpsc/receiver.h",
    "ipmpsc/record.h",
    "ipmpsc/sender.h",
    "ipmpsc/stats.h",
    "ipmpsc/tap.h",
    "ipmpsc/version.h",
    "ipmpsc/wait_options.h",
    "ipmpsc/wait_set.h",
    "ipmpsc/adapters/asio.h",
    "ipmpsc/adapters/coroutine.h",
    "ipmpsc/c/base.h",
    "ipmpsc/c/channel.h",
    "ipmpsc/c/ipmpsc.h",
    "ipmpsc/c/post_mortem.h",
    "ipmpsc/c/receiver.h",
    "ipmpsc/c/sender.h",
    "ipmpsc/c/snapshot.h",
    "ipmpsc/c/tap.h",
    "ipmpsc/c/wait_set.h",
    "ipmpsc/rpc/client.h",
    "ipmpsc/rpc/server.h",
    "ipmpsc/schema/schema_differences.h",
    "ipmpsc/typed/channel.h",
    "ipmpsc/typed/lease.h",
    "ipmpsc/typed/loan.h",
    "ipmpsc/typed/range.h",
    "ipmpsc/typed/receiver.h",
    "ipmpsc/typed/sender.h",
    "ipmpsc/typed/tap.h",
    "ipmpsc/view/map_view.h",
    "ipmpsc/view/repeated_view.h",
]

# The pages in the order of the menu, which is that of docs/README.md.
MENU = [
    ("Guide", ["guide", "examples", "install", "codegen", "services", "waiting", "looking", "reliability",
               "glossary"]),
    ("Languages", ["c", "python", "rust", "compatibility", "porting"]),
    ("Operations", ["operations", "command", "recording", "bridge", "security"]),
    ("Performance", ["performance"]),
    ("Inside", ["documentation", "ipmpsc-design", "contributing", "changelog"]),
]


def layout(titles):
    """Returns doxygen's layout with the site's menu."""
    listed = [page for _, pages in MENU for page in pages]
    missing = sorted(set(titles) - set(listed) - {"index"})
    missing += sorted(set(listed) - set(titles))
    if missing:
        sys.exit("build.py: MENU and the pages differ: %s" % ", ".join(missing))
    menu = ['<tab type="mainpage" visible="yes" title="Start"/>']
    for group, pages in MENU:
        entries = ['<tab type="user" url="@ref %s" title="%s"/>' % (page, titles[page]) for page in pages]
        if len(pages) == 1:
            menu.append(entries[0])
        else:
            menu.append('<tab type="usergroup" url="@ref %s" title="%s">%s</tab>' %
                        (pages[0], group, "".join(entries)))
    menu.append('<tab type="pages" visible="yes" title="All pages"/>')
    menu.append('<tab type="usergroup" url="[none]" title="API">'
                '<tab type="filelist" visible="yes" title="Headers"/>'
                '<tab type="classlist" visible="yes" title="Classes"/>'
                '<tab type="namespacelist" visible="yes" title="Namespaces"/>'
                '<tab type="classmembers" visible="yes" title="Members"/>'
                '<tab type="globals" visible="yes" title="Functions of C"/></tab>')
    return "<navindex>%s</navindex>" % "".join(menu)


def titles_of(pages):
    titles = {}
    for page in pages:
        with open(os.path.join(TREE, page), encoding="utf-8") as file:
            title = file.readline()
        if not title.startswith("# "):
            sys.exit("build.py: %s does not begin with its title" % page)
        title = title[2:].strip().replace("`", "").replace("&", "&amp;").replace('"', "&quot;")
        titles[page_filter.page_of(page)] = title
    return titles


def linked_files(pages):
    """Returns the files that are no pages and no headers and that pages link to."""
    found = set()
    for page in pages:
        with open(os.path.join(TREE, page), encoding="utf-8") as file:
            for picture, _, address in page_filter.LINK.findall(file.read()):
                to = page_filter.target(page, address)
                if not picture and to and to.startswith("source/"):
                    path = to[len("source/"):]
                    found.add(path if os.path.isfile(os.path.join(TREE, path)) else path[:-len(".txt")])
    return sorted(found)


SCRIPTS = """
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E
%3Ccircle cx='4' cy='4' r='3' fill='none' stroke='%231779c4' stroke-width='2'/%3E%3C/svg%3E"/>
<script type="text/javascript" src="$relpath^doxygen-awesome-darkmode-toggle.js"></script>
<script type="text/javascript" src="$relpath^doxygen-awesome-fragment-copy-button.js"></script>
<script type="text/javascript">
  DoxygenAwesomeDarkModeToggle.init();
  DoxygenAwesomeFragmentCopyButton.init();
</script>
</head>"""


def run_doxygen(scratch, out, inputs, roots, titles):
    """Runs doxygen. Returns its warnings."""
    shutil.copy(os.path.join(HERE, "Doxyfile"), scratch)
    doxyfile = os.path.join(scratch, "Doxyfile")
    subprocess.run(["doxygen", "-w", "html", "header.html", "footer.html", "style.css", doxyfile],
                   cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["doxygen", "-l", "layout.xml"], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(scratch, "header.html"), encoding="utf-8") as file:
        header = file.read().replace("</head>", SCRIPTS)
    # Doxygen's own says nothing of the width of a phone's screen.
    if 'name="viewport"' not in header:
        header = header.replace("<head>", '<head>\n<meta name="viewport" '
                                'content="width=device-width, initial-scale=1"/>')
    with open(os.path.join(scratch, "header.html"), "w", encoding="utf-8") as file:
        file.write(header)
    with open(os.path.join(scratch, "layout.xml"), encoding="utf-8") as file:
        default = file.read()
    with open(os.path.join(scratch, "layout.xml"), "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?s)<navindex>.*</navindex>", lambda _: layout(titles), default))
    version = re.search(r'"([0-9.]+)"', read("install/version.bzl")).group(1)
    scripts = [os.path.join(STYLE, "doxygen-awesome-%s.js" % name)
               for name in ["darkmode-toggle", "fragment-copy-button"]]
    with open(doxyfile, "a", encoding="utf-8") as file:
        file.write("\n".join([
            "",
            "PROJECT_NUMBER = " + version,
            "INPUT = " + " ".join('"%s"' % one for one in inputs),
            'INPUT_FILTER = "/usr/bin/python3 -B %s/filter.py"' % HERE,
            "STRIP_FROM_PATH = " + " ".join('"%s"' % one for one in roots),
            "STRIP_FROM_INC_PATH = " + " ".join('"%s"' % one for one in roots),
            'USE_MDFILE_AS_MAINPAGE = "%s/README.md"' % TREE,
            'HTML_OUTPUT = "%s"' % out,
            'OUTPUT_DIRECTORY = "%s"' % scratch,
            "HTML_HEADER = header.html",
            "LAYOUT_FILE = layout.xml",
            "HTML_EXTRA_STYLESHEET = %s/doxygen-awesome.css %s/site.css" % (STYLE, HERE),
            "HTML_EXTRA_FILES = " + " ".join(scripts),
            "",
        ]))
    ended = subprocess.run(["doxygen", doxyfile], cwd=scratch, stderr=subprocess.PIPE, encoding="utf-8")
    if ended.returncode and not ended.stderr.strip():
        return "doxygen ended with %d" % ended.returncode
    return ended.stderr.strip()


def mend_html(out):
    """Mends what doxygen 1.9.4 gets wrong: a page's summary links to a list of private classes that it has not."""
    for name in os.listdir(out):
        if not name.endswith(".html"):
            continue
        path = os.path.join(out, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if 'href="#nested-classes"' in text and 'name="nested-classes"' not in text:
            text = re.sub(r'<a href="#nested-classes">Classes</a>( &#124;\s*)?', "", text)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as file:
        return file.read()


def main():
    if len(sys.argv) < 2 or sys.argv[-1].startswith("-") or sys.argv[-1].endswith(".h"):
        sys.exit("usage: ./bazelw run //docs/site -- OUTDIR")
    if not os.path.isdir(STYLE):
        sys.exit("build.py: %s is missing: run ./bazelw, or apt-get install doxygen-awesome-css" % STYLE)
    out = os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd()), sys.argv[-1])
    # A forward declaration documents nothing.
    names = [one for one in sys.argv[1:-1] if not one.endswith(".fwd.h")]
    generated = [os.path.realpath(one) for one in names]
    # The part before the path by which a program includes the header.
    roots = {real[:-len(name)] for real, name in zip(generated, names) if real.endswith("/" + name)}
    if os.path.isdir(out) and os.listdir(out):
        # Only what this program made is removed.
        if not os.path.isfile(os.path.join(out, "doxygen-awesome.css")):
            sys.exit("build.py: %s is not empty and not a site; name another folder" % out)
        shutil.rmtree(out)
    pages = page_filter.pages(TREE)
    os.environ["IPMPSC_SITE_HEADERS"] = "\n".join(HEADERS)
    page_filter.HEADERS = set(HEADERS)
    os.makedirs(out, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        inputs = [os.path.join(TREE, one) for one in pages + HEADERS] + generated
        warnings = run_doxygen(scratch, out, inputs, [TREE] + sorted(roots), titles_of(pages))
    for folder in ["pictures", "performance"]:
        shutil.copytree(os.path.join(TREE, "docs", folder), os.path.join(out, folder))
    for path in linked_files(pages):
        to = os.path.join(out, "source", path + (".txt" if path.endswith(".md") else ""))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.join(TREE, path), to)
    mend_html(out)
    problems = warnings.split("\n") if warnings else []
    problems += check_links.problems(out)
    for problem in problems:
        print(problem.replace(TREE + "/", ""), file=sys.stderr)
    if problems:
        sys.exit("build.py: %d problems" % len(problems))
    print("the site is %s" % os.path.join(out, "index.html"))


if __name__ == "__main__":
    main()
