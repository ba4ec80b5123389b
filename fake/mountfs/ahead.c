/* SPDX-License-Identifier: MIT */
/*
 * ahead.c - see ahead.h.
 *
 * A stream is one reader who goes through the tree. It begins with a file that follows the one read
 * before; its batches grow while it lasts. Two batches are on their way at any time.
 */
#include "ahead.h"

#include <string.h>

#include "error.h"
#include "mem.h"
#include "os.h"
#include "trace.h"

#define STREAMS 4u
#define QUEUE_JOBS 512u
#define FILES_FIRST 8u /* of a batch */
#define FILES_MAX 64u
#define BATCH_BYTES (4u << 20)
#define FILE_BYTES (1u << 20) /* beyond that the kernel reads ahead by itself */
#define NEAR 16u              /* places between two files that make a sequence */
#define THREADS_MAX 4u

struct stream {
    uint32_t folder, place; /* of the file read last */
    struct place next;      /* the walk behind what is planned */
    uint32_t markers[2];    /* the last files of the batches on their way, in order; 0: none */
    unsigned batch_files;   /* of the next batch */
    unsigned wanted;        /* batches to be planned */
    unsigned queued;        /* jobs that are not done */
    unsigned generation;    /* jobs of an earlier one are void */
    bool is_planned;        /* by some thread, just now */
    uint64_t used;
};

struct job {
    uint32_t node;
    unsigned stream, generation;
    bool is_marker;
};

struct ahead {
    struct nodes *nodes;
    struct store *store;
    ahead_give_fn give;
    struct os_mutex lock;
    struct os_cond work;
    /* under lock */
    struct stream streams[STREAMS];
    uint64_t clock;
    struct job queue[QUEUE_JOBS];
    size_t head, count;
};

/* ---- what the reader does ---- */

static struct stream *stream_with_marker(struct ahead *ahead, uint32_t number)
{
    for (size_t i = 0; i < STREAMS; i++) {
        struct stream *s = &ahead->streams[i];
        if (s->markers[0] == number || s->markers[1] == number)
            return s;
    }
    return NULL;
}

/* Does the file follow closely on what the stream has read? The first of a folder may follow on
 * any folder's last one. */
static bool follows(struct ahead *ahead, const struct stream *s, const struct node *node)
{
    if (s->folder == 0)
        return false;
    if (s->folder == node->parent)
        return node->place > s->place && node->place - s->place <= NEAR;
    const struct folder *before = nodes_known_folder(ahead->nodes, s->folder);
    return node->place < NEAR && before && before->file_count - s->place <= NEAR;
}

static struct stream *stream_before(struct ahead *ahead, const struct node *node)
{
    for (size_t i = 0; i < STREAMS; i++) {
        if (follows(ahead, &ahead->streams[i], node))
            return &ahead->streams[i];
    }
    return NULL;
}

static void replace_oldest(struct ahead *ahead, const struct node *node)
{
    struct stream *oldest = &ahead->streams[0];
    for (size_t i = 1; i < STREAMS; i++) {
        if (ahead->streams[i].used < oldest->used)
            oldest = &ahead->streams[i];
    }
    *oldest = (struct stream){.folder = node->parent,
                              .place = node->place,
                              .generation = oldest->generation + 1,
                              .used = ++ahead->clock};
}

static void start_stream(struct stream *s, const struct node *node)
{
    s->next = (struct place){.folder = node->parent, .index = node->place + 1};
    s->markers[0] = s->markers[1] = 0;
    s->batch_files = FILES_FIRST;
    s->wanted = 2;
    s->generation++;
    s->queued = 0;
}

void ahead_saw(struct ahead *ahead, uint32_t number)
{
    const struct node *node = nodes_get(ahead->nodes, number);
    if (!node || !node->parent)
        return;
    AUTO_LOCK(&ahead->lock);
    struct stream *s = stream_with_marker(ahead, number);
    if (s) {
        if (s->markers[0] != number)
            s->wanted++; /* the marker before was passed by */
        s->markers[0] = s->markers[0] == number ? s->markers[1] : 0;
        s->markers[1] = 0;
        s->wanted++;
    } else {
        s = stream_before(ahead, node);
        if (!s) {
            replace_oldest(ahead, node);
            return;
        }
        if (s->queued == 0 && s->wanted == 0)
            start_stream(s, node);
    }
    s->folder = node->parent;
    s->place = node->place;
    s->used = ++ahead->clock;
    os_cond_broadcast(&ahead->work);
}

/* ---- planning a batch ---- */

struct batch {
    struct job jobs[FILES_MAX];
    size_t count;
    uint64_t bytes;
};

static bool is_worth_it(struct nodes *nodes, uint32_t number, const struct node *node)
{
    return (node->blob.kind == WIM_BLOB_PLAIN || node->blob.kind == WIM_BLOB_COMPRESSED) &&
           !nodes_was_given(nodes, number);
}

static size_t part_of(const struct node *node)
{
    return node->blob.size < FILE_BYTES ? (size_t)node->blob.size : FILE_BYTES;
}

/* S_FALSE: the tree ends here. */
static HRESULT plan(struct ahead *ahead, struct place *next, unsigned files, struct batch *batch)
{
    batch->count = 0;
    batch->bytes = 0;
    for (unsigned looked_at = 0; batch->count < files && batch->bytes < BATCH_BYTES; looked_at++) {
        uint32_t number;
        if (looked_at > 8 * FILES_MAX)
            return S_FALSE; /* whoever reads has read this before */
        HRESULT hr = nodes_next_file(ahead->nodes, next, &number);
        if (hr != S_OK)
            return hr;
        const struct node *node = nodes_get(ahead->nodes, number);
        if (!is_worth_it(ahead->nodes, number, node))
            continue;
        batch->jobs[batch->count++] = (struct job){.node = number};
        batch->bytes += part_of(node);
    }
    return S_OK;
}

static void enqueue(struct ahead *ahead, struct stream *s, struct batch *batch)
{
    for (size_t i = 0; i < batch->count && ahead->count < QUEUE_JOBS; i++) {
        struct job *job = &ahead->queue[(ahead->head + ahead->count++) % QUEUE_JOBS];
        *job = batch->jobs[i];
        job->stream = (unsigned)(s - ahead->streams);
        job->generation = s->generation;
        job->is_marker = i + 1 == batch->count;
        s->queued++;
        if (job->is_marker)
            s->markers[s->markers[0] ? 1 : 0] = job->node;
    }
}

/* With the lock held, which is given up meanwhile. */
static void plan_for(struct ahead *ahead, struct stream *s)
{
    struct batch batch;
    struct place next = s->next;
    const unsigned files = s->batch_files, generation = s->generation;
    s->is_planned = true;
    os_mutex_unlock(&ahead->lock);
    HRESULT hr = plan(ahead, &next, files, &batch);
    os_mutex_lock(&ahead->lock);
    s->is_planned = false;
    if (s->generation != generation)
        return;
    s->next = next;
    s->wanted = hr == S_OK ? s->wanted - 1 : 0;
    s->batch_files = files * 2 < FILES_MAX ? files * 2 : FILES_MAX;
    enqueue(ahead, s, &batch);
    os_cond_broadcast(&ahead->work);
}

static struct stream *stream_to_plan(struct ahead *ahead)
{
    for (size_t i = 0; i < STREAMS; i++) {
        struct stream *s = &ahead->streams[i];
        if (s->wanted > 0 && !s->is_planned)
            return s;
    }
    return NULL;
}

/* ---- the threads ---- */

static void fetch(struct ahead *ahead, const struct job *job, void *buffer)
{
    const struct node *node = nodes_get(ahead->nodes, job->node);
    const size_t size = part_of(node);
    if (nodes_was_given(ahead->nodes, job->node))
        return; /* the reader was faster */
    if (FAILED(store_read(ahead->store, &node->blob, 0, buffer, size))) {
        trace(TRACE_IMAGE, "read ahead, node %u: %s", job->node, error_last()->text);
        return; /* whoever wants the file will hear of it */
    }
    if (job->is_marker)
        return;
    nodes_give(ahead->nodes, job->node);
    ahead->give(job->node, buffer, size);
}

static void work(void *argument)
{
    struct ahead *ahead = argument;
    AUTO_FREE void *buffer = mem_alloc(FILE_BYTES);
    if (!buffer)
        return;
    os_mutex_lock(&ahead->lock);
    for (;;) {
        struct stream *s;
        if (ahead->count > 0) {
            struct job job = ahead->queue[ahead->head];
            ahead->head = (ahead->head + 1) % QUEUE_JOBS;
            ahead->count--;
            s = &ahead->streams[job.stream];
            if (s->generation != job.generation)
                continue;
            os_mutex_unlock(&ahead->lock);
            fetch(ahead, &job, buffer);
            os_mutex_lock(&ahead->lock);
            if (s->generation == job.generation)
                s->queued--;
        } else if ((s = stream_to_plan(ahead)) != NULL) {
            plan_for(ahead, s);
        } else {
            os_cond_wait(&ahead->work, &ahead->lock);
        }
    }
}

HRESULT ahead_new(struct nodes *nodes, struct store *store, ahead_give_fn give, struct ahead **out)
{
    struct ahead *ahead = mem_alloc(sizeof *ahead);
    if (!ahead)
        return FAIL_MEMORY();
    ahead->nodes = nodes;
    ahead->store = store;
    ahead->give = give;
    *out = ahead;
    return S_OK;
}

HRESULT ahead_start(struct ahead *ahead)
{
    unsigned threads = os_processor_count();
    for (unsigned i = 0; i < threads && i < THREADS_MAX; i++) {
        struct os_thread *thread = NULL;
        TRY(os_thread_start(work, ahead, &thread));
    }
    return S_OK;
}
