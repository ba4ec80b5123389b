/* SPDX-License-Identifier: MIT */
/*
 * exports.c - what the library exports is what the table says, no more and no less, and every call
 * without a body says so: E_NOTIMPL and a message with its name.
 */
#include "client_world.h"

#include <dlfcn.h>

#include "bodies.h"
#include "reflect.h"

enum { WITHOUT_BODY, WITH_BODY };
static const struct {
    const char *name;
    int body;
} bodies[] = {
#define DISM_CALL(name, ...) {#name, WHETHER_BODY(name)},
#define DISM_CALL0(name) {#name, WITH_BODY},
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0
};

typedef HRESULT(WINAPI *any_call)(arg_word, arg_word, arg_word, arg_word, arg_word, arg_word,
                                  arg_word, arg_word, arg_word, arg_word, arg_word, arg_word);

static bool is_implemented(const char *name)
{
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (strcmp(bodies[i].name, name) == 0)
            return bodies[i].body == WITH_BODY;
    return false;
}

static any_call address_of(void *library, const char *name)
{
    any_call call;
    void *symbol = dlsym(library, name);
    memcpy(&call, &symbol, sizeof call);
    return call;
}

static void *open_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(library);
    return library;
}

static void only_the_names_of_the_table_and_of_dismfake_h_are_exported(const char *path)
{
    char command[1024], line[512];
    unsigned from_table = 0, hooks = 0;
    snprintf(command, sizeof command, "nm -D --defined-only '%s'", path);
    FILE *list = popen(command, "r");
    CHECK(list);
    while (fgets(line, sizeof line, list)) {
        char type, name[256];
        CHECK(sscanf(line, "%*s %c %255s", &type, name) == 2);
        if (reflect_api_by_name(name) != API_COUNT) {
            CHECK(type == 'T');
            from_table++;
        } else if (strncmp(name, "DismFake", 8) == 0) {
            hooks++;
        } else if (strncmp(name, "__asan", 6) != 0 && strncmp(name, "__odr_asan", 10) != 0) {
            fprintf(stderr, "exported, but in no header: %s", line);
            exit(1);
        }
    }
    CHECK(pclose(list) == 0);
    CHECK(API_COUNT == 95 && from_table == 95 && hooks == 27);
}

/* Arguments that pass every check: real strings and slots where pointers go, zero elsewhere. */
static void fill_args(const struct reflect_call *row, DismSession session, arg_word *words)
{
    static uint64_t slots[12];
    for (unsigned i = 0; i < row->arg_count; i++) {
        enum kind kind = row->args[i].kind;
        slots[i] = UINT64_MAX;
        words[i] = kind == KIND_SESSION        ? session
                   : kind == KIND_WSTR         ? REFLECT_WORD(u"text")
                   : reflect_kind_is_out(kind) ? REFLECT_WORD(&slots[i])
                                               : 0;
    }
}

static void every_call_without_a_body_says_so(void *library, DismSession session)
{
    for (unsigned i = 0; i < API_COUNT; i++) {
        const struct reflect_call *row = &reflect_calls[i];
        arg_word w[12] = {0};
        char message[512];
        any_call call = address_of(library, row->name);
        CHECK(call);
        if (is_implemented(row->name))
            continue;
        fill_args(row, session, w);
        HRESULT hr = call(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11]);
        last_message(message, sizeof message);
        if (hr != E_NOTIMPL || !strstr(message, row->name)) {
            fprintf(stderr, "%s gave 0x%08X and said: %s\n", row->name, (unsigned)hr, message);
            exit(1);
        }
        for (unsigned k = 0; k < row->arg_count; k++)
            if (reflect_kind_is_out(row->args[k].kind))
                CHECK(*(const uint32_t *)(uintptr_t)w[k] == 0);
    }
}

static void a_call_with_a_session_that_is_not_open_is_refused(void *library)
{
    for (unsigned i = 0; i < API_COUNT; i++) {
        const struct reflect_call *row = &reflect_calls[i];
        arg_word w[12] = {0};
        if (row->arg_count == 0 || row->args[0].kind != KIND_SESSION)
            continue;
        fill_args(row, 4711, w);
        HRESULT hr = address_of(library, row->name)(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7],
                                                    w[8], w[9], w[10], w[11]);
        CHECK_HR(0xC0040004, hr);
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    const char *path = argv[1];
    DismSession session;
    CHECK(shell("rm -rf '%s' && mkdir -p '%s'", argv[2], argv[2]) == 0);
    CHECK(setenv("DISMFAKE_STATE", below(argv[2], "state"), 1) == 0);
    void *library = open_library(path);
    only_the_names_of_the_table_and_of_dismfake_h_are_exported(path);
    CHECK_HR(S_OK, DismInitialize(DismLogErrors, NULL, NULL));
    CHECK_HR(S_OK, DismOpenSession(DISM_ONLINE_IMAGE, NULL, NULL, &session));
    every_call_without_a_body_says_so(library, session);
    a_call_with_a_session_that_is_not_open_is_refused(library);
    CHECK_HR(S_OK, DismCloseSession(session));
    CHECK_HR(S_OK, DismShutdown());
    CHECK(DismFakeLiveAllocations() == 0);
    CHECK(dlclose(library) == 0);
    CHECK(shell("rm -rf '%s'", argv[2]) == 0);
    puts("done");
    return 0;
}
