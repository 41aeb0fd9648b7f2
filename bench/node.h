#ifndef BENCH_NODE_H
#define BENCH_NODE_H

#include <stdbool.h>

/* Node as a peer: scripts that measure themselves and print one figure. */

/* Whether node is there and runs. */
bool bench_has_node(void);

/* The figure that the program @argv prints, which ends with a NULL, in the unit it is
 * printed in.  NAN if the program fails or takes more than a minute. */
double bench_run_script(const char *const *argv);

#endif /* BENCH_NODE_H */
