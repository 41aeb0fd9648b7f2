/*
 * File systems, as both ways of naming them need them.  One that is mounted over
 * another hides it; told of both, a collector would meet one series twice and throw
 * the whole scrape away.
 */
#include <string.h>
#include "system/metrics/exporter.h"

bool hki_filesystem_is_covered(
    const hk_system_filesystem *all, size_t count, size_t index)
{
	for (size_t i = index + 1; i < count; i++) {
		if (strcmp(all[i].mount, all[index].mount) == 0)
			return true;
	}
	return false;
}

void hki_filesystem_errors_write(hk_metrics_writer *writer,
    const hk_metrics_family *family, const hk_system_filesystem *all, size_t count,
    hki_metrics_label_fn label)
{
	hk_metrics_begin(writer, family);
	for (size_t i = 0; i < count; i++) {
		hki_metrics_labels labels = { .count = 0 };

		if (label(&labels, all, count, i))
			hk_metrics_sample(writer,
			    all[i].state == HK_SYSTEM_FILESYSTEM_OK ? 0 : 1,
			    labels.labels, labels.count);
	}
}
