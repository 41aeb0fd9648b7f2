#ifndef HKI_SYSTEM_METRICS_BUSIEST_H
#define HKI_SYSTEM_METRICS_BUSIEST_H

#include <stddef.h>
#include <hostkit/system_process.h>

/* Fill @order with the @count indices of @rows: who has used more processor time comes
 * first, and of equals who comes first in @rows. */
void hki_busiest_first(size_t *order, const hk_system_process *const *rows, size_t count);

#endif /* HKI_SYSTEM_METRICS_BUSIEST_H */
