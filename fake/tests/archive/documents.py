# SPDX-License-Identifier: MIT
"""documents.py - documents made at random: base/xml.h tells of them what expat tells, and refuses what expat and xmllint refuse."""
import os
import random
import subprocess
import sys
import xml.sax
import xml.sax.handler
import xml.sax.saxutils

from archivetest import Failed, INVALID, archivetool, folder, from_hex, write

NAMES = ["assembly", "a", "b.c", "_d", "e-f", "Größe", "日本", "x1"]
PREFIXES = ["", "p", "wcm", "ä"]
SPACES = ["urn:schemas-microsoft-com:asm.v3", "http://x.example/a?b=c&d", "u:é"]
TEXTS = ["", "x", "a & b", "<tag>", "]]>", "\"'", "é€日😀", "  spaces  ", "line\nline", "tab\t", "#&#38;", "y" * 700]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "us-ascii"]


class Expat(xml.sax.handler.ContentHandler):
    def __init__(self):
        super().__init__()
        self.told, self.depth = [], 0

    def startElementNS(self, name, qname, attributes):
        self.depth += 1
        self.told.append(["start", self.depth, name[0] or "", name[1], sorted((n[1], v) for n, v in attributes.items())])

    def endElementNS(self, name, qname):
        self.told.append(["end", self.depth, name[1]])
        self.depth -= 1

    def characters(self, text):
        add_text(self.told, text)


def add_text(told, text):
    if told and told[-1][0] == "text":
        told[-1][1] += text
    else:
        told.append(["text", text])


def by_expat(path):
    parser = xml.sax.make_parser()
    parser.setFeature(xml.sax.handler.feature_namespaces, True)
    handler = Expat()
    parser.setContentHandler(handler)
    parser.parse(path)
    return handler.told


def by_us(path):
    told, raw = [], b""
    for words in archivetool("xml", path):
        if words[0] == "text":  # in pieces, which may end within a character
            raw += bytes.fromhex(words[1].strip("-"))
            continue
        if raw:
            add_text(told, raw.decode())
            raw = b""
        texts = [from_hex(word) for word in words[2:]]
        if words[0] == "start":
            told.append(["start", int(words[1]), *texts[:2], sorted(zip(texts[2::2], texts[3::2]))])
        else:
            told.append(["end", int(words[1]), *texts])
    return told


class Author:
    """A document at random, well formed."""

    def __init__(self, rng):
        self.rng = rng

    def text(self, quote=""):
        text = self.rng.choice(TEXTS)
        if not quote and self.rng.random() < 0.2 and "]]>" not in text:
            return f"<![CDATA[{text}]]>"
        entities = {"\"": "&quot;", "'": "&#39;"} if quote else {}
        escaped = xml.sax.saxutils.escape(text, entities)
        return "".join(f"&#x{ord(c):X};" if self.rng.random() < 0.05 and c not in "&;#<>" and c.isalpha() and not escaped.count("&") else c for c in escaped)

    def misc(self):
        return self.rng.choice(["", "", "", " ", "\n", "<!-- c & < -->", "<?pi d ?>"])

    def element(self, depth, known):
        rng = self.rng
        known = dict(known)
        attributes = []
        for prefix in rng.sample(PREFIXES, rng.randrange(3) if depth > 1 else len(PREFIXES)):
            known[prefix] = rng.choice(SPACES)
            attributes.append((f"xmlns:{prefix}" if prefix else "xmlns", xml.sax.saxutils.escape(known[prefix])))
        seen = set()
        for _ in range(rng.randrange(4)):
            prefix, name = rng.choice(list(known)), rng.choice(NAMES)
            key = (known[prefix] if prefix else "", name)
            if key not in seen:
                seen.add(key)
                attributes.append((f"{prefix}:{name}" if prefix else name, self.text("\"")))
        rng.shuffle(attributes)
        prefix, name = rng.choice(list(known)), rng.choice(NAMES)
        tag = f"{prefix}:{name}" if prefix else name
        head = "".join(f"{rng.choice([' ', chr(10), '  '])}{n}{rng.choice(['=', ' = '])}\"{v}\"" for n, v in attributes)
        if rng.random() < 0.3:
            return f"<{tag}{head}/>"
        inner = "".join(rng.choice([self.text, self.misc, lambda: self.element(depth + 1, known) if depth < 7 else ""])() for _ in range(rng.randrange(6)))
        return f"<{tag}{head}>{inner}</{tag}>"

    def document(self):
        """As bytes, in an encoding that has all of it."""
        body = self.misc() + self.element(1, {"": ""}) + self.misc()
        while True:
            encoding = self.rng.choice(ENCODINGS)
            name = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
            head = f"<?xml version=\"1.0\" encoding=\"{name}\"?>" if encoding != "utf-8" or self.rng.random() < 0.5 else ""
            try:
                return (head + body if head else body.lstrip()).encode(encoding)
            except UnicodeEncodeError:
                continue


def well_formed_ones(at, rng):
    for number in range(150):
        write(f"{at}/it.xml", Author(rng).document())
        try:
            ours = by_us(f"{at}/it.xml")
        except Failed as failed:
            raise AssertionError(f"number {number}: {failed}") from None
        assert ours == by_expat(f"{at}/it.xml"), number


def refused_by_expat(path):
    try:
        by_expat(path)
    except (xml.sax.SAXException, LookupError):  # LookupError: an encoding that it does not know
        return True
    return False


def changed_ones(at, rng):
    """One byte is another: both read it, and the same, or both refuse it."""
    refused = 0
    for number in range(300):
        document = bytearray(Author(rng).document())
        document[rng.randrange(len(document))] = rng.choice([*b"<>&\"'=/ ;:-!?[]\0", 0x80, 0xC3, 0xFF, rng.randrange(256)])
        write(f"{at}/it.xml", bytes(document))
        theirs = refused_by_expat(f"{at}/it.xml")
        try:
            ours = by_us(f"{at}/it.xml")
        except Failed as failed:
            assert failed.code == INVALID
            ours = None
        if (ours is None) != theirs:
            # They are of different editions of XML 1.0 on letters of names; xmllint is of our edition.
            lint = subprocess.run(["xmllint", "--noout", "--nonet", f"{at}/it.xml"], capture_output=True, text=True, errors="replace", check=False)
            errors = [line for line in lint.stderr.splitlines() if " error : " in line and "is not a valid URI" not in line]
            assert (ours is None) == bool(errors), (number, lint.stderr, bytes(document))
        elif ours is not None:
            assert ours == by_expat(f"{at}/it.xml"), number
        refused += ours is None
    assert 30 < refused < 299, refused


def nothing_is_fetched(at, _):
    """Of what a document type names."""
    os.mkfifo(f"{at}/pipe")  # who opened it would wait for ever
    for document in (f"<!DOCTYPE a SYSTEM \"{at}/pipe\"><a/>", f"<!DOCTYPE a [<!ENTITY b SYSTEM \"{at}/pipe\">]><a>&b;</a>",
                     f"<!DOCTYPE a [<!ENTITY % b SYSTEM \"{at}/pipe\">%b;]><a/>"):
        write(f"{at}/it.xml", document.encode())
        try:
            archivetool("xml", f"{at}/it.xml")
        except Failed as failed:
            assert failed.code == INVALID and "document type" in failed.text
        else:
            raise AssertionError(document)


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 20231117)
    for test in (well_formed_ones, changed_ones, nothing_is_fetched):
        with folder() as at:
            test(at, rng)
        print("ok", test.__name__, flush=True)


if __name__ == "__main__":
    main()
