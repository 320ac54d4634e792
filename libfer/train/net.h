/* SPDX-License-Identifier: Apache-2.0
 *
 * One net of a description, compiled on its own for `fer run` and `fer grad`.
 */
#ifndef FER_TRAIN_NET_H
#define FER_TRAIN_NET_H

#include "compile/compile.h"
#include "train/context.h"

#define FER_NET_PORTS 16

struct fer_net_session {
    struct fer_context *context;
    struct fer_description *description;
    const char *net;
    struct fer_port_spec ports[FER_NET_PORTS]; /* inputs, with a batch axis of 0; rank 0: no shape is given */
    int nports;
    bool plan_only; /* said before it is compiled; see struct fer_compile_options */
    struct fer_store *store;
    struct fer_predict_spec spec;
    struct fer_flow_program *flow;
};

/* Read a description and find the net's ports. */
enum fer_status fer_net_session_open(struct fer_context *context, const char *path, const char *net,
                                     const struct fer_settings *settings, struct fer_net_session *out,
                                     struct fer_error *err);
/* Compile for inputs of these shapes (batch axis first) and load weights: rows named by whole paths, or relative to the
 * net; NULL: initial values. */
enum fer_status fer_net_session_compile(struct fer_net_session *session, const struct fer_shape *inputs, bool training,
                                        bool backward, const char *weights, struct fer_error *err);
void fer_net_session_close(struct fer_net_session *session);

#endif
