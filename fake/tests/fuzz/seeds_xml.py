# SPDX-License-Identifier: MIT
"""seeds_xml.py OUTDIR - the documents that fuzz_xml starts from."""
import os
import sys

MANIFEST = """<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<!-- c --><assembly xmlns="urn:schemas-microsoft-com:asm.v3" xmlns:w="u" manifestVersion="1.0" description="a &amp; b">
  <assemblyIdentity name="Package" version="10.0.1.0" w:language="neutral"/><?pi d?>
  <package releaseType='Update'>t&#65;&#x20AC;&lt;<![CDATA[<x>]]]]><w:parent>é€😀</w:parent></package>
</assembly>
"""
DOCUMENTS = {
    "manifest": MANIFEST.encode(),
    "bom": MANIFEST.encode("utf-8-sig"),
    "utf-16": MANIFEST.replace("utf-8", "utf-16").encode("utf-16"),
    "utf-16-be": MANIFEST.replace("utf-8", "utf-16").encode("utf-16-be"),
    "latin": b"<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xe9'>\xdf</a>",
    "type": b"<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY % d SYSTEM 'e'>%d;<!ATTLIST a f CDATA 'g'>]><a>&b;</a>",
    "external": b"<!DOCTYPE a PUBLIC 'b' 'http://localhost:1/c'><a/>",
    "deep": b"<a>" * 40 + b"</a>" * 40,
}


def main(out):
    os.makedirs(out, exist_ok=True)
    for name, data in DOCUMENTS.items():
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
