/* SPDX-License-Identifier: Apache-2.0
 *
 * A program: launches in segments, and the tensors that they read and write.  Plain data; the compiler (graph/) writes
 * it, the planner places its tensors, the executor (run/exec.h) replays it, `fer show` prints it.
 */
#ifndef FER_RUN_PROGRAM_H
#define FER_RUN_PROGRAM_H

#include <fer/op.h>
#include <fer/solver.h>
#include <fer/tensor.h>

#include "run/precision.h"

struct fer_arena;
struct fer_buffer;

enum fer_storage {
    FER_STORAGE_ARENA,      /* placed by the planner in the program's arena */
    FER_STORAGE_INPUT,      /* written by the host before a run; a place of its own */
    FER_STORAGE_CONSTANT,   /* filled once with `fill` */
    FER_STORAGE_PERSISTENT, /* lives in `buffer`, which the model owns (weights, statistics, optimizer state) */
    FER_STORAGE_PREPARED    /* derived from weights; a place of its own, filled by the prepare segment */
};

struct fer_tensor {
    struct fer_shape shape;
    enum fer_layout layout;
    enum fer_precision precision; /* f32 only: what its elements lie in memory as */
    enum fer_storage storage;
    struct fer_tensor *base; /* a view: same storage as base (never itself a view), starting at base's element `view` */
    size_t view;
    struct fer_buffer *buffer; /* PERSISTENT: not owned */
    size_t offset;             /* elements from the start of the buffer or the arena (bytes / element size) */
    bool written;              /* a launch has been emitted that writes it */
    bool moves;                /* PERSISTENT: a weight that an update of this stage moves */
    bool scratch;              /* fer_emit_temp: of no interest to anybody but the launches of one callback */
    struct fer_tensor *source; /* made of this weight alone; NULL: it is what it is */
    int branch;                /* whose samples a batch axis counts: 0 the batch, else program->branches[branch - 1] */
    int arena;                 /* planner: which of the program's arenas */
    struct fer_tensor *in_place_of; /* the compiler's wish: an input of the first launch that writes this tensor, which
                                  may be overwritten by it element for element if nothing reads it later; or NULL */
    bool in_place;                  /* planner: the wish was granted */
    float fill;                     /* CONSTANT */
    const void *data;               /* CONSTANT: contents in the program's arena instead of `fill`; NULL: fill */
    bool keep;                      /* the host reads it after a run: its place is not reused */
    bool keep_all;                  /* lives for the whole program; so does every tensor that several segments touch */
    const char *name;               /* for people: "trunk.conv1 out"; arena text */
    int id;                         /* index in program->tensors */
    int first, last;                /* planner: first and last launch that touches it (program order), -1 unused */
    bool whole;                     /* planner: its place is its own for the whole program */
};

/* What random numbers of one source of samples are counted by; both tensors are INPUT. */
struct fer_random_state {
    struct fer_tensor *epoch; /* u32[4]: epoch, whether the next counts, id of the batch's first sample, 0; NULL:
                                 nothing is random there */
    struct fer_tensor *ids;   /* u32[capacity] */
};

enum fer_arg_kind { FER_ARG_TENSOR, FER_ARG_INT, FER_ARG_FLOAT, FER_ARG_LOCAL, FER_ARG_RANDOM };
enum fer_access { FER_ACCESS_READ = 1, FER_ACCESS_WRITE = 2 };

struct fer_arg {
    enum fer_arg_kind kind;
    const char *name;          /* TENSOR */
    struct fer_tensor *tensor; /* TENSOR: passed as cl_mem, ulong offset, int4 dim.  RANDOM: the rows' tensor */
    const struct fer_random_state *random; /* RANDOM */
    unsigned access;
    int i;
    float f;
    size_t bytes;
};

/* Who chose a solver. */
enum fer_chooser { FER_CHOSEN_FIRST, FER_CHOSEN_TUNED, FER_CHOSEN_FORCED };

/* A problem that an operation had while it was emitted, and its solution (fer/solver.h). */
struct fer_solved {
    const char *work, *shape; /* "conv2d forward", "8x64x56x56 …" */
    enum fer_dtype dtype;
    double tolerance;
    /* All candidates: preferred ones of other plugins, the layer's own, the others.  Parallel arrays, solvers
     * NULL-terminated. */
    const struct fer_solver *const *solvers;
    const struct fer_added_solver *const *added; /* NULL: the layer's own */
    const char *const *names;                    /* "direct", "plugin.name" */
    int nsolvers;
    int first_own, plainest; /* of the layer's own, the last of which others are compared with */
    enum fer_problem_kind kind;
    unsigned without;             /* how it was compiled: what decides which candidates there are */
    enum fer_precision precision; /* likewise */
    uint64_t kernels;             /* hash of their names, tunables and sources */
    bool trains;                  /* weights change in every step, so that preparing them counts */
    const struct fer_op *op;      /* whose; NULL: the core's own */
    const char *pass;             /* of its launches */
    struct fer_solution solution;
    enum fer_chooser chooser;
    int index; /* in program->solved */
};

struct fer_launch {
    struct fer_emit *em;                   /* while emitting: where failures go */
    const char *source, *kernel, *options; /* options: arena text or NULL */
    fer_call_run *run;                     /* in place of a kernel, whose name is for people then; or NULL */
    struct fer_arg *args;
    int nargs, capacity;
    int dims;
    struct fer_extent global[3];
    size_t local[3]; /* 0: the driver's choice */
    bool prepare;
    bool any_precision; /* fer_launch_any_precision */
    bool recast;        /* from its first argument to its second, whose precision is another (compile/widen.c) */
    const char *label;  /* weight path or operation, for people: "resnet18.layer1.0.conv1" */
    const char *op;     /* operation name: "conv2d" */
    const char *pass;   /* "forward", "backward", "update", "data", "core" */
    uint32_t stream;    /* RANDOM: the operation instance's number */
    int branch;         /* whose live samples its range follows: its segment's */
    double flops, bytes;
    const struct fer_solved *solved; /* what it is a part of; NULL: there was no choice */
    int index;                       /* in program order */
};

/* A part of the batch: those samples that a decision sends one way.  It has a live batch of its own. */
struct fer_branch {
    const char *name; /* for people: the net that they go through */
    int parent;       /* the branch that the decision is about; 0: the batch */
    int capacity;     /* the most samples: rows of a batch axis with batch = 1 */
};

/* A point at which the host reads which samples go which way. */
struct fer_decision {
    const char *name;         /* for people: the operation that decides */
    struct fer_tensor *index; /* i32 [rows], keep: for each row of the parent 0 … count - 1 */
    int first, count;         /* branches */
    struct fer_tensor **rows; /* [count], i32 [capacity of the branch] INPUT: its rows of the parent, in order */
};

/* A point at which the processes that run this program together tell each other something. */
struct fer_gather {
    struct fer_tensor *in;  /* keep: of this process */
    struct fer_tensor *out; /* INPUT: of all of them, by rank */
};

struct fer_segment {
    const char *name; /* "prepare", "shared", "step learn", "update learn" … */
    struct fer_launch **launches;
    int count, capacity;
    int branch;                          /* not run when this branch has no sample, unless 0 */
    const struct fer_decision *decision; /* to be taken when its launches have run; NULL: none */
    const struct fer_gather *gather;     /* likewise; NULL: none */
    bool continues; /* always runs right behind the one before it in the program, with the same samples: for the
                       planner they are one */
    struct fer_segment *next; /* runs after it; NULL: none */
};

struct fer_program {
    struct fer_arena *arena; /* of everything here; owned by the graph */
    struct fer_tensor **tensors;
    int ntensors, tensor_capacity;
    struct fer_segment **segments; /* in program order; prepare first */
    int nsegments;
    struct fer_solved **solved; /* in order of emission */
    int nsolved, solved_capacity;
    int capacity;                /* batch capacity: rows of a batch axis with batch = 1 */
    struct fer_branch *branches; /* each after its parent; branch k is branches[k - 1] */
    int nbranches;
    int nlaunches; /* set by the planner, as are the arenas, each of at most a device's largest allocation */
    size_t *arenas;
    int narenas;
    size_t arena_bytes;          /* of all of them */
    bool apart;                  /* the compiler's wish: no two tensors share memory at different times */
    size_t apart_bytes;          /* arena_bytes if it were so */
    uint64_t seed;               /* of random numbers */
    struct fer_launch spare;     /* where launches go once compiling has failed */
    struct fer_tensor no_tensor; /* likewise */
};

/* Element size in bytes; every tensor starts at a multiple of FER_ALIGN bytes. */
#define FER_ALIGN 256
size_t fer_dtype_size(enum fer_dtype dtype);
const char *fer_dtype_name(enum fer_dtype dtype);
/* Bytes of an element of this tensor, which its precision may have halved. */
size_t fer_tensor_element(const struct fer_tensor *tensor);
/* Bytes in memory at full capacity. */
size_t fer_tensor_bytes(const struct fer_tensor *tensor);

/* The most samples of a branch (0: the batch). */
int fer_program_capacity(const struct fer_program *program, int branch);

/* Put in front of an error whose launch it is: "resnet18.layer1.0.conv1 (conv2d, forward): …".  The error's status. */
enum fer_status fer_launch_prefix(const struct fer_launch *launch, struct fer_error *err);

/* Work-items of an extent for a live batch of n samples (before rounding up to the local size). */
size_t fer_extent_size(struct fer_extent extent, int n);

#endif
