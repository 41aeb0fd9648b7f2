#ifndef HOSTKIT_LIBEXEC_TOP_ACT_H
#define HOSTKIT_LIBEXEC_TOP_ACT_H

#include "view.h"

/* What is done to processes: to those that are tagged, or to the one under the cursor.
 * Each says in the status line what came of it. */

void top_act_signal(top_view *view, int number, const char *name);

/* Make them nicer by @by, or less nice: every thread of them. */
void top_act_renice(top_view *view, int by);

#endif /* HOSTKIT_LIBEXEC_TOP_ACT_H */
