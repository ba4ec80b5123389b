/* SPDX-License-Identifier: MIT */
/* main.c - dismconform: the verbs, and the three hidden ones that run in processes of their own. */
#include <stdio.h>

#include "child.h"
#include "clean.h"
#include "os.h"
#include "verbs.h"

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    if (argc == 3 && text_equal(argv[1], "--phase"))
        return child_phase(argv[2]);
    if (argc == 4 && text_equal(argv[1], "--describe"))
        return child_describe(argv[2], argv[3]);

    if (argc == 5 && text_equal(argv[1], "--clean"))
        return clean_child(argv[2], argv[3], argv[4]);

    static const struct {
        const char *name;
        int (*run)(const struct options *);
    } verbs[] = {{"run", verb_run},
                 {"lint", verb_lint},
                 {"list", verb_list},
                 {"explain", verb_explain},
                 {"probe", verb_probe},
                 {"judge", verb_judge},
                 {"questions", verb_questions}};
    struct options options;
    bool is_understood = options_read(&options, argc, argv);
    int code = is_understood ? EXIT_CONFORMANT : EXIT_USAGE;
    if (is_understood && options.shows_help)
        options_help();
    bool is_running = is_understood && !options.shows_help;
    for (size_t i = 0; is_running && i < sizeof verbs / sizeof *verbs; i++) {
        if (text_equal(options.verb, verbs[i].name))
            code = verbs[i].run(&options);
    }
    vec_clear(&options.operands);
    return code;
}
