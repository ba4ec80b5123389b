/* SPDX-License-Identifier: MIT */
/*
 * main.c - dismfake, the control program: looks at and changes a state folder from any shell or
 * language, also while clients run. It is itself a client of dismfake.h.
 */
#include <stdio.h>
#include <string.h>

#include "dismfake.h"
#include "error.h"
#include "json.h"
#include "os.h"
#include "text.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 64 };

static const char usage[] =
    "usage: dismfake [--state DIR] [--json] COMMAND\n"
    "\n"
    "  status        what is mounted, the calls that run and how far they are, the rules that are "
    "armed\n"
    "  reboot        restart the machine: every mount needs a remount\n"
    "  arm FILE      arm the fault rules of a JSON file (- is standard input) for every client\n"
    "  disarm        take those rules away\n"
    "  why RULE      why that rule has not fired: the likeliest reason first\n"
    "  release HOLD  let go what waits in that hold, in every client\n"
    "  world JSON    change what surrounds the library: a scenario's world step (- is standard "
    "input)\n"
    "  world release NAME   undo the change made with that name\n"
    "  world show    the changes in force\n"
    "  save FILE     keep the whole world in one file: mounts, their folders and images, rules, "
    "world\n"
    "  restore FILE  bring it back as it was then\n"
    "  journal       calls, steps and faults of all clients since the last reset\n"
    "  reset         forget everything: mounts, rules, world, journal\n"
    "  help          this text\n"
    "\n"
    "The state folder is --state, else DISMFAKE_STATE, else dismfake in your state directory\n"
    "(XDG_STATE_HOME or ~/.local/state). Exit status: 0 done, 1 failed, 64 wrong usage.\n"
    "\n"
    "Settings of the library, from the environment:\n"
    "  DISMFAKE_STATE                state folder; the processes that share it are one machine\n"
    "  DISMFAKE_FAULTS               fault rules: JSON text or @FILE\n"
    "  DISMFAKE_SEED                 whole number that decides rules with a chance; default 1\n"
    "  DISMFAKE_ENGINE               auto, lazy or extract\n"
    "  DISMFAKE_HIVE                 hivex or memory: what reads and changes registry hives\n"
    "  DISMFAKE_ONLINE               folder that DISM_ONLINE_IMAGE opens\n"
    "  DISMFAKE_CALLBACK_THREAD      image or caller\n"
    "  DISMFAKE_CLOCK                start of the virtual clock, YYYY-MM-DDTHH:MM:SS\n"
    "  DISMFAKE_ALREADY_INITIALIZED  code of a second DismInitialize\n"
    "  DISMFAKE_JOURNAL              on or off\n"
    "  DISMFAKE_LEAKS                1: report at DismShutdown what DismDelete never saw\n"
    "  DISMFAKE_STRICT               1: a rule that never fired ends the process at DismShutdown\n"
    "  DISMFAKE_TRACE                channels of the developer's trace; help lists them\n"
    "  DISMFAKE_TRACE_FILE           where the trace goes; standard error otherwise\n";

static int complain(const char *what, const char *word)
{
    fprintf(stderr, "dismfake: %s%s\n\n%s", what, word, usage);
    return EXIT_USAGE;
}

static int fail_with(HRESULT hr)
{
    DismString *message = NULL;
    AUTO_FREE char *text = NULL;
    if (DismGetLastErrorMessage(&message) == S_OK && message)
        (void)text_from_utf16(message->Value, &text);
    fprintf(stderr, "dismfake: 0x%08X %s%s", (unsigned)hr, text ? text : "",
            text && text_ends(text, "\n") ? "" : "\n");
    DismDelete(message);
    return EXIT_FAILED;
}

static int done(HRESULT hr, bool as_json, const char *sentence)
{
    if (FAILED(hr))
        return fail_with(hr);
    puts(as_json ? "{\"done\":true}" : sentence);
    return EXIT_DONE;
}

/* ---- status ---- */

static const char *text_of(const struct json *object, const char *key)
{
    const char *text = json_string(json_get(object, key));
    return text ? text : "";
}

static void print_mounts(const struct json *mounts)
{
    printf("mounts:  %zu\n", json_len(mounts));
    for (const struct json *v = json_first(mounts); v; v = json_next(v)) {
        printf("  %s\n    image %.0f of %s, %s, %s, %s%s\n", text_of(v, "mountPath"),
               json_number(json_get(v, "imageIndex")), text_of(v, "imageFilePath"),
               json_bool(json_get(v, "readOnly")) ? "read-only" : "read-write",
               text_of(v, "engine"), text_of(v, "status"),
               json_get(v, "workedOnByPid") ? ", being worked on" : "");
    }
}

/* "DismMountImage in process 12: extract, 43 of 100 (43 %), held; 12.4 s" */
static void print_calls(const struct json *calls)
{
    printf("calls:   %zu\n", json_len(calls));
    for (const struct json *v = json_first(calls); v; v = json_next(v)) {
        const char *step = strchr(text_of(v, "step"), '/');
        double tick = json_number(json_get(v, "tick")), total = json_number(json_get(v, "total"));
        printf("  %s in process %.0f: ", text_of(v, "call"), json_number(json_get(v, "pid")));
        if (step)
            printf("%s, ", step + 1);
        if (total > 0)
            printf("%.0f of %.0f (%.0f %%), ", tick, total, tick * 100 / total);
        printf("%s; %.1f s\n", text_of(v, "state"), json_number(json_get(v, "elapsedMs")) / 1000);
    }
}

/* How often each rule fired in any process, counted from the journal. */
static unsigned fired(const struct json *journal, const char *id)
{
    unsigned count = 0;
    for (const struct json *v = json_first(journal); v; v = json_next(v))
        count += text_equal(text_of(v, "event"), "fault") && text_equal(text_of(v, "rule"), id);
    return count;
}

static void print_rules(const struct json *rules, const struct json *journal)
{
    printf("rules:   %zu\n", json_len(rules));
    for (const struct json *v = json_first(rules); v; v = json_next(v))
        printf("  %s at %s: fired %u times\n", text_of(v, "id"), text_of(v, "at"),
               fired(journal, text_of(v, "id")));
}

static HRESULT get(HRESULT (*WINAPI query)(char **), struct json **out)
{
    char *text = NULL;
    TRY(query(&text));
    HRESULT hr = json_parse(text, strlen(text), out);
    DismFakeFree(text);
    return hr;
}

/* What holds for the state folder; sessions and counters of this process say nothing about clients.
 */
static struct json *of_state_folder(const struct json *status, const struct json *journal)
{
    static const char *const keys[] = {"stateFolder", "boot", "mounts", "calls", "world"};
    struct json *out = json_new_object();
    struct json *rules = json_new_array();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_set(out, keys[i], json_copy(json_get(status, keys[i])));
    for (const struct json *v = json_first(json_get(status, "rules")); v; v = json_next(v)) {
        struct json *rule = json_copy(v);
        json_remove(rule, "reached");
        json_set_number(rule, "fired", fired(journal, text_of(v, "id")));
        json_push(rules, rule);
    }
    json_set(out, "rules", rules);
    return out;
}

static int print_status(bool as_json)
{
    AUTO_JSON struct json *status = NULL;
    AUTO_JSON struct json *journal = NULL;
    HRESULT hr = get(DismFakeStatus, &status);
    if (SUCCEEDED(hr))
        hr = get(DismFakeJournal, &journal);
    if (FAILED(hr))
        return fail_with(hr);
    if (as_json) {
        AUTO_JSON struct json *shown = of_state_folder(status, journal);
        AUTO_FREE char *text = json_print(shown);
        puts(text ? text : "null");
        return EXIT_DONE;
    }
    printf("state:   %s\nboot:    %s\n", text_of(status, "stateFolder"), text_of(status, "boot"));
    print_mounts(json_get(status, "mounts"));
    print_calls(json_get(status, "calls"));
    print_rules(json_get(status, "rules"), journal);
    if (json_len(json_get(status, "world")) > 0)
        printf("world:   %zu changes in force (dismfake world show)\n",
               json_len(json_get(status, "world")));
    return EXIT_DONE;
}

/* ---- journal ---- */

static void print_entry(const struct json *entry)
{
    const char *event = text_of(entry, "event");
    printf("%.0f.%.0f %-6s ", json_number(json_get(entry, "pid")),
           json_number(json_get(entry, "seq")), event);
    if (text_equal(event, "enter")) {
        AUTO_FREE char *with = json_print(json_get(entry, "with"));
        printf("%s %s\n", text_of(entry, "call"), with ? with : "");
    } else if (text_equal(event, "return")) {
        printf("%s %s\n", text_of(entry, "call"), text_of(entry, "hr"));
    } else if (text_equal(event, "step")) {
        printf("%s\n", text_of(entry, "step"));
    } else if (text_equal(event, "world")) {
        AUTO_FREE char *change = json_print(json_get(entry, "change"));
        printf("%s %s\n", text_of(entry, "hr"), change ? change : "");
    } else {
        const char *reason = text_of(entry, "why");
        printf("%s%s%s\n", text_of(entry, "rule"), *reason ? ": " : " at ",
               *reason ? reason : text_of(entry, "at"));
    }
}

static int print_journal(bool as_json)
{
    AUTO_JSON struct json *journal = NULL;
    HRESULT hr = get(DismFakeJournal, &journal);
    if (FAILED(hr))
        return fail_with(hr);
    if (as_json) {
        AUTO_FREE char *text = json_print(journal);
        puts(text ? text : "null");
        return EXIT_DONE;
    }
    for (const struct json *v = json_first(journal); v; v = json_next(v))
        print_entry(v);
    return EXIT_DONE;
}

/* ---- arm ---- */

static HRESULT read_input(struct text *text)
{
    char buffer[4096];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        text_add_n(text, buffer, got);
    return text->failed ? FAIL_MEMORY() : S_OK;
}

static int arm(const char *file, bool as_json)
{
    struct text input AUTO(text_clear) = {0};
    AUTO_FREE char *rules = NULL;
    size_t size;
    HRESULT hr;
    if (text_equal(file, "-")) {
        hr = read_input(&input);
        rules = text_take(&input);
    } else {
        hr = os_read_file(file, &rules, &size);
    }
    if (FAILED(hr)) {
        fprintf(stderr, "dismfake: %s\n", error_last()->text);
        return EXIT_FAILED;
    }
    return done(DismFakeArmState(rules), as_json, "armed");
}

/* ---- world ---- */

static int show_world(bool as_json)
{
    AUTO_JSON struct json *status = NULL;
    HRESULT hr = get(DismFakeStatus, &status);
    if (FAILED(hr))
        return fail_with(hr);
    const struct json *world = json_get(status, "world");
    if (as_json) {
        AUTO_FREE char *text = json_print(world);
        puts(text ? text : "null");
        return EXIT_DONE;
    }
    for (const struct json *v = json_first(world); v; v = json_next(v)) {
        AUTO_FREE char *text = json_print(v);
        puts(text ? text : "null");
    }
    return EXIT_DONE;
}

static int change_world(const char *json, bool as_json)
{
    struct text input AUTO(text_clear) = {0};
    if (text_equal(json, "-")) {
        if (FAILED(read_input(&input)))
            return fail_with(E_OUTOFMEMORY);
        json = input.ptr ? input.ptr : "";
    }
    return done(DismFakeWorld(json), as_json, "changed");
}

static int run_world(const char *what, const char *name, bool as_json)
{
    if (text_equal(what, "release")) {
        if (!name)
            return complain("nothing is named after ", what);
        HRESULT hr = DismFakeWorldRelease(name);
        return done(hr, as_json, hr == S_FALSE ? "it is not in force" : "released");
    }
    if (name)
        return complain("too many words: ", name);
    return text_equal(what, "show") ? show_world(as_json) : change_world(what, as_json);
}

/* ---- why ---- */

static int print_why(const char *rule, bool as_json)
{
    char *text = NULL;
    AUTO_JSON struct json *answer = NULL;
    HRESULT hr = DismFakeWhy(rule, &text);
    if (SUCCEEDED(hr))
        hr = json_parse(text, strlen(text), &answer);
    if (SUCCEEDED(hr) && as_json)
        puts(text);
    DismFakeFree(text);
    if (FAILED(hr))
        return fail_with(hr);
    if (as_json)
        return EXIT_DONE;
    printf("%s at %s (%s): fired %.0f of %.0f times\n", rule, text_of(answer, "at"),
           text_of(answer, "origin"), json_number(json_get(answer, "fired")),
           json_number(json_get(answer, "times")));
    unsigned number = 0;
    const struct json *reasons = json_get(answer, "reasons");
    for (const struct json *v = json_first(reasons); v; v = json_next(v))
        printf("  %u. %s\n", ++number, text_of(v, "text"));
    return EXIT_DONE;
}

/* ---- command line ---- */

static int run(const char *command, const char *argument, const char *name, bool as_json)
{
    bool is_world = text_equal(command, "world");
    bool takes_argument = is_world || text_equal(command, "arm") ||
                          text_equal(command, "release") || text_equal(command, "save") ||
                          text_equal(command, "restore") || text_equal(command, "why");
    if (takes_argument && !argument)
        return complain("nothing is named after ", command);
    if (is_world)
        return run_world(argument, name, as_json);
    if (name)
        return complain("too many words: ", name);
    if (!takes_argument && argument)
        return complain("too many words: ", argument);
    if (text_equal(command, "status"))
        return print_status(as_json);
    if (text_equal(command, "journal"))
        return print_journal(as_json);
    if (text_equal(command, "reboot"))
        return done(DismFakeReboot(), as_json, "rebooted: mounts need a remount");
    if (text_equal(command, "reset"))
        return done(DismFakeReset(), as_json, "everything is forgotten");
    if (text_equal(command, "disarm"))
        return done(DismFakeDisarmState(), as_json, "disarmed");
    if (text_equal(command, "arm"))
        return arm(argument, as_json);
    if (text_equal(command, "why"))
        return print_why(argument, as_json);
    if (text_equal(command, "release"))
        return done(DismFakeReleaseState(argument), as_json, "released");
    if (text_equal(command, "save"))
        return done(DismFakeSaveState(argument), as_json, "kept");
    if (text_equal(command, "restore"))
        return done(DismFakeRestoreState(argument), as_json, "brought back");
    return complain("there is no command ", command);
}

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    bool as_json = false;
    const char *words[3] = {NULL, NULL, NULL};
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        if (text_equal(argv[i], "--json")) {
            as_json = true;
        } else if (text_equal(argv[i], "--state") && i + 1 < argc) {
            os_setenv("DISMFAKE_STATE", argv[++i]);
        } else if (text_equal(argv[i], "--help") || text_equal(argv[i], "-h")) {
            fputs(usage, stdout);
            return EXIT_DONE;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            return complain(text_equal(argv[i], "--state") ? "a folder is missing after "
                                                           : "there is no option ",
                            argv[i]);
        } else if (count == sizeof words / sizeof *words) {
            return complain("too many words: ", argv[i]);
        } else {
            words[count++] = argv[i];
        }
    }
    if (count == 0)
        return complain("what shall it do?", "");
    if (text_equal(words[0], "help")) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    /* The journal tells what clients did; the questions of this program do not belong there, but
     * that it arms rules does. */
    if (!text_equal(words[0], "arm"))
        os_setenv("DISMFAKE_JOURNAL", "off");
    return run(words[0], words[1], words[2], as_json);
}
