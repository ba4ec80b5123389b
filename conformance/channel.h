/* SPDX-License-Identifier: MIT */
/* channel.h - what marks a request of a child on its standard output. */
#ifndef CONFORMANCE_CHANNEL_H
#define CONFORMANCE_CHANNEL_H

#define CHANNEL_MARK "\x01@dismconform "

#endif
