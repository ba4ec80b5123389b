/* SPDX-License-Identifier: MIT */
/*
 * channel.c - the child's side of the line to its parent: requests go out on standard output behind
 * a mark that no library prints, answers come in on standard input.
 */
#include "channel.h"

#include <stdio.h>

#include "phase.h"

static HRESULT ask(struct json *request)
{
    AUTO_FREE char *text = need(json_print(request));
    json_free(request);
    char answer[1200];
    {
        AUTO_LOCK(&the_phase.channel_lock);
        printf("%s%s\n", CHANNEL_MARK, text);
        fflush(stdout);
        if (!fgets(answer, sizeof answer, stdin))
            die("the parent process is gone");
    }
    answer[strcspn(answer, "\n")] = '\0';
    return text_equal(answer, "ok") ? S_OK : FAIL(E_FAIL, "%s", answer);
}

HRESULT channel_world(const struct json *world)
{
    return ask(json_hold(json_copy(world)));
}

HRESULT channel_release(const char *name)
{
    struct json *request = json_hold(json_new_object());
    json_set_string(request, "release", name);
    return ask(request);
}
