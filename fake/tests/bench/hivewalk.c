/* SPDX-License-Identifier: MIT */
/*
 * hivewalk.c - HIVE PATH...: reads a hive's keys of these paths ("A\B") with all below, names,
 * values and data, by hivex alone: what ./run bench holds lists against. Prints how many it read.
 */
#include <hivex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t keys, values;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_values(hive_h *h, hive_node_h node)
{
    hive_value_h *all = hivex_node_values(h, node);
    if (!all)
        fail("values");
    for (size_t i = 0; all[i]; i++, values++) {
        hive_type type;
        size_t size;
        char *name = hivex_value_key(h, all[i]), *data = hivex_value_value(h, all[i], &type, &size);
        if (!name || !data)
            fail("value");
        free(name);
        free(data);
    }
    free(all);
}

static void walk(hive_h *h, hive_node_h node)
{
    char *name = hivex_node_name(h, node);
    hive_node_h *children = hivex_node_children(h, node);
    if (!name || !children)
        fail("key");
    free(name);
    keys++;
    read_values(h, node);
    for (size_t i = 0; children[i]; i++)
        walk(h, children[i]);
    free(children);
}

static hive_node_h find(hive_h *h, char *path)
{
    hive_node_h node = hivex_root(h);
    for (char *name = strtok(path, "\\"); name && node; name = strtok(NULL, "\\"))
        node = hivex_node_get_child(h, node, name);
    if (!node)
        fail(path);
    return node;
}

int main(int argc, char **argv)
{
    hive_h *h = argc > 2 ? hivex_open(argv[1], 0) : NULL;
    if (!h)
        fail(argc > 2 ? argv[1] : "usage");
    for (int i = 2; i < argc; i++)
        walk(h, find(h, argv[i]));
    printf("%zu keys, %zu values\n", keys, values);
    return hivex_close(h) != 0;
}
