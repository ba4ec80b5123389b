/* SPDX-License-Identifier: MIT */
/*
 * pe.h - what a Windows library says of itself in its file: machine, version, names of exports.
 * Read as data, so that a DismApi.dll is known before it is loaded, and on systems that cannot load
 * it.
 */
#ifndef CONFORMANCE_PE_H
#define CONFORMANCE_PE_H

#include "util.h"

/* {"machine": "x64", "exports": [names, as the file orders them], "version": {"file": "10.0.1.2",
 * "product": .., "CompanyName": ..}}; without "version" if there is no version resource. S_FALSE:
 * this is no Windows library. E_INVALIDARG: it is a damaged one, and says where. */
HRESULT pe_describe(const void *bytes, size_t size, struct json **out);

#endif
