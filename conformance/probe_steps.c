/* SPDX-License-Identifier: MIT */
/* probe_steps.c - see probe_steps.h. */
#include "probe_steps.h"

#include <stddef.h>

/* ---- pieces ---- */

#define FIXTURES                                                                                   \
    "\"fixtures\": {\"wim\": {\"catalog\": \"two-index-tiny\", \"writable\": true}, "              \
    "\"dir\": {\"directory\": \"empty\"}}"
#define WITH_IMAGE                                                                                 \
    "\"ImageFilePath\": {\"$ref\": \"wim.path\"}, \"MountPath\": {\"$ref\": \"dir.path\"}, "       \
    "\"ImageIndex\": 1, \"ImageIdentifier\": {\"$const\": \"DismImageIndex\"}, "                   \
    "\"Flags\": {\"$flags\": [\"DISM_MOUNT_READONLY\"]}"
#define MOUNT_AND(more, expect)                                                                    \
    "{\"call\": \"DismMountImage\", \"with\": {" WITH_IMAGE more "}, \"expect\": {" expect "}}"
#define MOUNT(expect) MOUNT_AND("", expect)
#define DISCARD(expect)                                                                            \
    "{\"call\": \"DismUnmountImage\", \"with\": {\"MountPath\": {\"$ref\": \"dir.path\"}, "        \
    "\"Flags\": {\"$flags\": [\"DISM_DISCARD_IMAGE\"]}}, \"expect\": {" expect "}}"
#define INFO(expect)                                                                               \
    "{\"call\": \"DismGetImageInfo\", \"with\": {\"ImageFilePath\": {\"$ref\": \"wim.path\"}}, "   \
    "\"expect\": {" expect "}}"
#define LIST "{\"call\": \"DismGetMountedImageInfo\", \"expect\": {" OK "}}"
#define WORLD(change) "{\"world\": {" change "}}"
#define RELEASE(name) "{\"release\": \"" name "\"}"
#define OK "\"hr\": \"S_OK\""
#define FAILS "\"hr\": \"any-failure\""
#define DIR "{\"$ref\": \"dir.path\"}"
#define IN_DIR(path) "{\"$join\": [" DIR ", " path "]}"
#define HIVE IN_DIR("\"Windows\", \"System32\", \"config\", \"SOFTWARE\"")

/* ---- progress, faults, clock, reboot ---- */

#define SYNC                                                                                       \
    "{" FIXTURES                                                                                   \
    ", \"steps\": [" MOUNT_AND(", \"Progress\": {\"$progress\": {\"name\": \"p\"}}", OK            \
                               ", \"progress\": {\"calls\": {\"$gte\": 1}}") ", " DISCARD(OK) "]}"

#define HOLD                                                                                       \
    "{" FIXTURES ", \"steps\": [{\"parallel\": {\"mounter\": [" MOUNT_AND(                         \
        ", \"Progress\": {\"$progress\": {\"name\": \"gate\", \"holdAt\": 1}}",                    \
        OK) "], \"keeper\": [{\"await\": {\"held\": \"gate\"}, \"timeoutMs\": 5000}, "             \
            "" RELEASE("gate") "]}}, " DISCARD(OK) "]}"

#define CANCEL                                                                                     \
    "{" FIXTURES ", \"steps\": [" MOUNT_AND(                                                       \
        ", \"CancelEvent\": {\"$event\": \"stop\"}, \"Progress\": {\"$progress\": {\"name\": "     \
        "\"p\", \"setEventAt\": {\"call\": 0, \"event\": \"stop\"}}}",                             \
        FAILS) "]}"

#define FAULT                                                                                      \
    "{\"faults\": [{\"id\": \"refuse\", \"at\": \"DismGetMountedImageInfo\", \"do\": "             \
    "{\"return\": \"0x80070005\"}}], \"steps\": [{\"call\": \"DismGetMountedImageInfo\", "         \
    "\"expect\": {\"hr\": \"0x80070005\"}}]}"

/* A rule inside the mount that any mount meets: its record is written and allocated. */
#define INSIDE(deed)                                                                               \
    "{" FIXTURES ", \"faults\": [{\"id\": \"inside\", \"at\": \"DismMountImage\", \"do\": {" deed  \
    "}}], \"steps\": [" MOUNT(FAILS) ", " LIST "]}"

#define CLOCK "{\"steps\": [" WORLD("\"advanceMs\": 1000") "]}"

#define REBOOT                                                                                     \
    "{\"phases\": [{\"steps\": [" LIST "]}, {\"before\": \"reboot\", \"steps\": [" LIST "]}]}"

/* ---- the world: a change shows in a call, and its end does too ---- */

#define TAMPER                                                                                     \
    "{" FIXTURES ", \"steps\": [" WORLD(                                                           \
        "\"tamper\": {\"$ref\": \"wim.path\"}, \"how\": \"truncate\"") ", " MOUNT(FAILS) "]}"

#define OPENED(change)                                                                             \
    "{" FIXTURES                                                                                   \
    ", \"steps\": [" MOUNT(OK) ", " WORLD(change ", \"as\": \"opened\"") ", " DISCARD(             \
        FAILS) ", " RELEASE("opened") ", " DISCARD(OK) "]}"

#define UNMOUNTABLE(change)                                                                        \
    "{" FIXTURES ", \"steps\": [" WORLD(change ", \"as\": \"obstacle\"") ", " MOUNT(               \
        FAILS) ", " RELEASE("obstacle") ", " MOUNT(OK) ", " DISCARD(OK) "]}"

#define ELEVATION                                                                                  \
    "{\"library\": \"untouched\", \"steps\": [" WORLD(                                             \
        "\"elevated\": false") ", {\"call\": \"DismInitialize\", \"with\": {\"LogLevel\": "        \
                               "{\"$const\": \"DismLogErrors\"}}, \"expect\": {" FAILS "}}]}"

#define VERSION                                                                                    \
    "{" FIXTURES ", \"steps\": [" WORLD("\"hostVersion\": \"6.1.7600.0\"") ", " MOUNT(             \
        OK) ", {\"call\": \"DismOpenSession\", \"with\": {\"ImagePath\": " DIR                     \
            "}, \"expect\": {" FAILS                                                               \
            "}}, " DISCARD(OK) ", " WORLD("\"imageVersion\": {\"$ref\": \"wim.path\"}, "           \
                                          "\"container\": \"newer\"") ", " INFO(FAILS) "]}"

/* What nobody gives is fetched once Windows Update has it. */
#define ADD_SSH(expect)                                                                            \
    "{\"call\": \"DismAddCapability\", \"with\": {\"Session\": {\"$ref\": \"s\"}, "                \
    "\"Name\": \"OpenSSH.Server~~~~0.0.1.0\", \"LimitAccess\": false}, \"expect\": {" expect "}}"
#define UPDATE                                                                                     \
    "{\"fixtures\": {\"wim\": {\"catalog\": \"serviced-client\", \"writable\": true}, \"fod\": "   \
    "{\"catalog\": \"pkg-fod-source\"}, \"dir\": {\"directory\": \"empty\"}}, \"steps\": ["        \
    "{\"call\": \"DismMountImage\", \"with\": {\"ImageFilePath\": {\"$ref\": \"wim.path\"}, "      \
    "\"MountPath\": " DIR ", \"ImageIndex\": 1, \"ImageIdentifier\": {\"$const\": "                \
    "\"DismImageIndex\"}, \"Flags\": {\"$flags\": [\"DISM_MOUNT_READWRITE\"]}}, \"expect\": {" OK  \
    "}}, {\"call\": \"DismOpenSession\", \"with\": {\"ImagePath\": " DIR "}, \"expect\": {" OK     \
    "}, \"bind\": {\"s\": \"/out/Session\"}}, " ADD_SSH(FAILS) ", " WORLD(                         \
        "\"windowsUpdate\": {\"$ref\": \"fod.path\"}") ", " ADD_SSH(OK) ", {\"call\": "            \
                                                                        "\"DismCloseSession\", "   \
                                                                        "\"with\": {\"Session\": " \
                                                                        "{\"$ref\": \"s\"}}, "     \
                                                                        "\"expect\": {" OK         \
                                                                        "}}, " DISCARD(OK) "]}"

#define SAVED                                                                                      \
    "{" FIXTURES ", \"steps\": [" MOUNT(OK) ", " WORLD("\"saveState\": \"kept\"") ", " DISCARD(    \
        OK) ", " WORLD("\"restoreState\": \"kept\"") ", " DISCARD(OK) "]}"

const struct probe probes[] = {
    {"fault:return", "DismFakeLoadFaults", FAULT},
    {"fault:crash", "DismFakeLoadFaults", NULL},
    {"fault:disk-full", "DismFakeLoadFaults", INSIDE("\"diskFullAfterBytes\": 1")},
    {"fault:alloc", "DismFakeLoadFaults", INSIDE("\"allocFail\": 1")},
    {"sync:blocked", "DismFakeAwait", NULL},
    {"world:reboot", "DismFakeReboot", REBOOT},
    {"world:tamper", NULL, TAMPER},
    {"world:hold", NULL, OPENED("\"holdFile\": " IN_DIR("\"Windows\", \"win.ini\""))},
    {"world:hive", "DismFakeWorld", OPENED("\"loadHive\": " HIVE)},
    {"world:volume", "DismFakeWorld",
     UNMOUNTABLE("\"volume\": " DIR ", \"is\": {\"kind\": \"removable\"}")},
    {"world:elevation", "DismFakeWorld", ELEVATION},
    {"world:service", "DismFakeWorld",
     UNMOUNTABLE("\"service\": \"mount-filter\", \"is\": \"missing\"")},
    {"world:scanner", "DismFakeWorld", UNMOUNTABLE("\"scanner\": " DIR ", \"does\": \"block\"")},
    {"world:other-process", "DismFakeWorld",
     UNMOUNTABLE("\"otherProcess\": " DIR ", \"does\": \"servicing\"")},
    {"world:version", "DismFakeWorld", VERSION},
    {"world:update", "DismFakeWorld", UPDATE},
    {"world:save-state", "DismFakeSaveState", SAVED},
    {"clock:virtual", "DismFakeAdvanceClock", CLOCK},
    {"progress:sync", NULL, SYNC},
    {"progress:hold", NULL, HOLD},
    {"progress:cancel", "DismFakeCreateEvent", CANCEL},
    {NULL, NULL, NULL},
};
