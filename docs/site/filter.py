"""Prepares a file for doxygen: `filter.py FILE` prints it.

Headers have plain comments, which become doxygen's. Pages have GitHub's Markdown, which becomes
doxygen's: headings get the anchors that GitHub gives them, and links lead to pages of the site.
No line moves, so the lines in doxygen's warnings are those of the file.
"""

import copy
import os
import re
import sys

TREE = os.environ.get("IPMPSC_TREE", os.getcwd())
# The files of the reference, relative to the tree, one in a line.
HEADERS = set(os.environ.get("IPMPSC_SITE_HEADERS", "").split("\n"))


def page_of(path):
    """Returns the name of the page that a Markdown file becomes: "guide" for docs/guide.md."""
    name = os.path.splitext(path)[0]
    if name == "README":
        return "index"
    if name.startswith("docs/"):
        name = name[len("docs/"):]
    return "documentation" if name == "README" else name.replace("/", "-").lower()


def anchor_of(heading):
    """Returns the anchor that GitHub gives a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def pages(tree):
    """Returns the Markdown files of the site, relative to the tree."""
    found = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "ipmpsc/DESIGN.md"]
    found += sorted("docs/" + name for name in os.listdir(os.path.join(tree, "docs"))
                    if name.endswith(".md"))
    return found


def outside_code(line, change):
    """Returns the line with `change` made in what is not between backticks."""
    parts = re.split(r"(`+[^`]*`+)", line)
    parts[::2] = [change(part) for part in parts[::2]]
    return "".join(parts)


def target(page, link):
    """Returns what a link of a page leads to: its address, or None if the site does not have it."""
    if re.match(r"[a-z]+:", link):
        return link
    path, _, anchor = link.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if path in PAGES:
        name = page_of(path)
        return name + ".html" + ("#%s-%s" % (name, anchor) if anchor else "")
    if path in HEADERS:
        return "@ref " + path
    if os.path.isfile(os.path.join(TREE, path)):
        # The builder copies it there. Doxygen takes what ends in .md for a page.
        return "source/" + path + (".txt" if path.endswith(".md") else "")
    return None


PAGES = set(pages(TREE))
LINK = re.compile(r"(!?)\[((?:[^\[\]`]|`[^`]*`)*)\]\(([^()\s]+)\)")
# A link whose text began in the line before.
TAIL = re.compile(r"()^((?:[^\[\]`]|`[^`]*`)*)\]\(([^()\s]+)\)")


def convert_links(page, line):
    def link(match):
        picture, text, address = match.groups()
        if picture:
            folder = os.path.dirname(page)
            source = os.path.relpath(os.path.join(folder, address), "docs")
            return '<img src="%s" alt="%s" loading="lazy"/>' % (source, text.replace('"', "&quot;"))
        to = target(page, address)
        return text if to is None else "[%s](%s)" % (text, to)

    def tail(match):
        _, text, address = match.groups()
        to = target(page, address)
        if to is None:
            sys.exit("%s: a link over two lines to what the site does not have: %s" % (page, address))
        return "%s](%s)" % (text, to)

    return LINK.sub(link, TAIL.sub(tail, line))


# The languages of fences that doxygen colours.
LANGUAGES = {"c": "{.c}", "c++": "{.cpp}", "python": "{.py}", "py": "{.py}"}


def convert_page(page, text):
    """Returns a page of Markdown as doxygen reads it."""
    name = page_of(page)
    fence = None
    out = []
    used = set()
    for line in text.split("\n"):
        opening = re.match(r"^( *)```(.*)$", line)
        if opening:
            if fence is None:
                fence = opening.group(1)
                language = LANGUAGES.get(opening.group(2).strip(), "{.unparsed}")
                line = "%s```%s" % (fence, language)
            else:
                fence = None
        elif fence is None:
            heading = re.match(r"^(#+) (.*)$", line)
            if heading:
                anchor = anchor_of(heading.group(2))
                if anchor in used:
                    sys.exit("%s has two headings %s" % (page, anchor))
                used.add(anchor)
                label = name if len(heading.group(1)) == 1 else "%s-%s" % (name, anchor)
                # Doxygen shows headings in its tree without their Markdown.
                title = heading.group(2).replace("`", "")
                line = "%s %s" % (heading.group(1), title) + (" {#%s}" % label if label != "index" else "")
            elif re.match(r"^ *<!--.*-->$", line):
                line = ""
            elif not line.startswith("    "):
                line = outside_code(line, lambda part: re.sub(r"[@\\](?!ref )", r"\\\g<0>", part))
                # Doxygen takes a leading :: for a link that must lead somewhere.
                line = re.sub(r"`(::[\w:]+)`", lambda match: "<code>%s</code>" %
                              match.group(1).replace("::", r"\::"), line)
                line = convert_links(page, line)
        out.append(line)
    return "\n".join(out)


def without_strings(line):
    return re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"'(\\.|[^'\\])+'", "' '", line))


SCOPE = re.compile(r"^\s*(template\s*<.*>\s*)?(inline\s+)?(typedef\s+)?"
                   r"(namespace|class|struct|enum|union|extern)\b")


class Scopes:
    """Follows the braces of a header: whether a line declares something or is in a body."""

    def __init__(self):
        self.open = []
        self.text = ""
        self.parentheses = 0

    def declares(self):
        return self.parentheses == 0 and all(self.open)

    def read(self, code):
        if code.lstrip().startswith("#"):
            return
        for mark in without_strings(code):
            if mark == "{":
                head = re.sub(r"\b(public|private|protected):", "", self.text)
                self.open.append(bool(SCOPE.match(head)) and self.parentheses == 0)
                self.text = ""
            elif mark == "}":
                if self.open:
                    self.open.pop()
                self.text = ""
            elif mark == ";" and self.parentheses == 0:
                self.text = ""
            else:
                self.parentheses += (mark == "(") - (mark == ")")
                self.text += mark
        self.text += " "


# The members that every iterator and every movable class has.
STANDARD = [
    (re.compile(r"^ *(explicit )?(\w+)\(\2&& ?\w*\) noexcept"), "Moves."),
    (re.compile(r"^ *\w+& operator=\(\w+&& ?\w*\) noexcept"), "Moves, after an end of what it held."),
    (re.compile(r"^ *using (iterator_category|value_type|difference_type|pointer|reference|size_type|"
                r"const_reference|iterator) ="), "As in the containers of the standard library."),
    (re.compile(r"^ *[\w:&* ]+ operator(\*|->|\+\+|--|\+=|-=|\[\])\((int|difference_type n)?\)"),
     "As in the iterators of the standard library."),
]


def group_end(lines, at, scopes):
    """Returns the line behind a group of functions that share the comment before line `at`.

    That is `at` if there is no such group: one declaration only, or no function.
    """
    ahead = copy.deepcopy(scopes)
    depth = len(ahead.open)
    statements = 0
    whole = at
    first = at
    while at < len(lines):
        line = lines[at]
        if not line.strip() or re.match(r"^ *(//|/\*|#|(public|private|protected):)", line):
            break
        if len(ahead.open) == depth and line.strip().startswith("}"):
            break
        ahead.read(re.sub(r"//.*", "", line))
        at += 1
        if len(ahead.open) > depth and ahead.open[-1]:
            return first  # The declaration of a class.
        if len(ahead.open) == depth and not ahead.parentheses and not ahead.text.strip():
            if "(" not in " ".join(lines[whole:at]):
                break
            statements += 1
            whole = at
    return whole if statements > 1 else first


def shared_comment(lines):
    """Returns the comment of a group of functions in one line, for all but the first of them."""
    lines = [line.strip() for line in convert_comment(lines)]
    text = " ".join(lines[:lines.index("")] if "" in lines else lines)
    return text + (" The errors are those of the function before." if "Errors:" in " ".join(lines) else "")


def convert_comment(lines):
    """Returns the texts of a comment's lines for doxygen. Code is what is indented after an empty line."""
    out = []
    code = False
    empty = True
    for line in lines:
        if re.match(r"^ {3,}\S", line) and (code or empty):
            code = True
            out.append("    " + line)
        else:
            code = code and not line.strip()
            out.append(outside_code(line, lambda part: re.sub(r"[@\\<>#]|(?<=\w)::(?=\*)", r"\\\g<0>", part)))
        empty = not line.strip()
    return out


def convert_header(text):
    """Returns a header with its comments as doxygen's, where they are before or behind a declaration."""
    lines = text.split("\n")
    scopes = Scopes()
    out = []
    trailing = None  # The column of the comment behind the declaration in the line before.
    number = 0
    group = None  # The line behind a group of functions with one comment.
    hidden = False  # Behind "End of public interfaces." up to the next "private:".
    documented = False  # Whether the line before is a comment of this one.
    while number < len(lines):
        line = lines[number]
        if number == group:
            group = None
        if line.strip() == "// End of public interfaces.":
            out.append("/// @cond")
            hidden = True
            number += 1
            continue
        if hidden:
            hidden = line.strip() not in ("private:", "};")
            scopes.read(line.split("//")[0])
            out.append(line if hidden else "/** @endcond */ " + line)
            number += 1
            continue
        comment = re.match(r"^( *)//(?!/)(.*)$", line)
        if comment and trailing == len(comment.group(1)):
            out.append("%s///<%s" % (comment.group(1), convert_comment([comment.group(2)])[0]))
            number += 1
            continue
        trailing = None
        if comment:
            end = number
            while end < len(lines) and re.match(r"^%s//(?!/)" % comment.group(1), lines[end]):
                end += 1
            block = [one.strip()[2:] for one in lines[number:end]]
            following = lines[end] if end < len(lines) else ""
            about_file = number == 0
            documented = about_file or (scopes.declares() and bool(following.strip()) and
                                        not following.strip().startswith("}"))
            if documented and not about_file and group is None:
                group, shared = group_end(lines, end, scopes), shared_comment(block)
                group = group if group != end else None
            if documented:
                out += ["%s///%s" % (comment.group(1), one) for one in convert_comment(block)]
            else:
                out += lines[number:end]
            if about_file and following.startswith("#ifndef "):
                out += ["/// @file", ""]
                end += 2
                documented = False
                last = max(at for at, one in enumerate(lines) if one.startswith("#endif"))
                lines[last] = ""
            number = end
            continue
        behind = re.match(r"^(.*[;,\w)]\s*)//(?!/) ?(.*)$", without_strings(line) and line)
        begins = scopes.declares() and not scopes.text.strip()
        scopes.read(line.split("//")[0])
        if (behind and scopes.declares() and not line.lstrip().startswith(("#", "}")) and
                not re.match(r"(NOLINT|IWYU)", behind.group(2))):
            trailing = len(behind.group(1))
            line = "%s///< %s" % (behind.group(1), convert_comment([behind.group(2)])[0])
        elif group is not None and not documented and begins:
            line = "/** %s */ %s" % (shared, line)
        elif not documented and scopes.open and group is None:
            for pattern, meaning in STANDARD:
                if pattern.match(line):
                    line = "/** %s */ %s" % (meaning, line)
                    break
        documented = False
        out.append(line)
        number += 1
    return "\n".join(out)


def convert_c_header(text):
    """Returns a header of C: each /* before a declaration becomes /**, the first is the file's."""
    text = re.sub(r"(?m)^( *)/\* (?!----)", r"\1/** ", text)
    text = re.sub(r"(?m)(\S[;,] +)/\* ", r"\1/**< ", text)
    text = re.sub(r"(?m)^(#define .*\S +)/\* ", r"\1/**< ", text)
    text = re.sub(r" \*/", " @file */", text, count=1)
    # Its own comment says that stats.h describes the fields under the same names.
    text = re.sub(r"(?ms)^typedef struct (ipmpsc_(?:channel|sender|receiver)_stats) \{.*?^\}", lambda match: re.sub(
        r"(?m)^( +[\w ]+\b(\w+)(?:\[\d+\])?;)$", r"\1  /**< `\2` in stats.h. */", match.group()), text)
    lines = text.split("\n")
    scopes = Scopes()
    group = None
    for number, line in enumerate(lines):
        if number == group:
            lines[number - 1] += " /** @} */"
            group = None
        if line.startswith("/** ") and group is None:
            end = number
            while "*/" not in lines[end]:
                end += 1
            group = group_end(lines, end + 1, scopes)
            if group == end + 1:
                group = None
            elif number:
                lines[number - 1] += " /** @{ */"
        if line.startswith(("typedef struct", "}")):
            scopes = Scopes()
    return "\n".join(lines)


def main():
    path = os.path.abspath(sys.argv[1])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name = os.path.relpath(path, TREE)
    if name.endswith(".md"):
        text = convert_page(name, text)
    elif name.startswith("ipmpsc/c/"):
        text = convert_c_header(text)
    elif name.startswith("ipmpsc/"):
        text = convert_header(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
