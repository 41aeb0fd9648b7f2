/*
 * Metrics of one's own: two families, printed as a scraper would receive them.
 */
#include <stdio.h>
#include <hostkit/hostkit.h>

int main(void)
{
	const hk_metrics_family duration = {
		.name = "mailer_delivery_seconds",
		.unit = "seconds",
		.help = "Time spent on deliveries.",
		.kind = HK_METRICS_COUNTER,
	};
	const hk_metrics_family waiting = {
		.name = "mailer_queue_messages",
		.help = "Messages that wait.",
		.kind = HK_METRICS_GAUGE,
	};
	const hk_metrics_label local[] = { { "route", "local" } };
	const hk_metrics_label remote[] = { { "route", "remote" } };
	hk_metrics_writer *writer;
	const char *text;
	size_t length;
	int r = hk_metrics_writer_new(&writer, HK_METRICS_PROMETHEUS);

	if (r < 0)
		return fprintf(stderr, "no writer: %s\n", hk_error_text(r)), 1;
	hk_metrics_begin(writer, &duration);
	hk_metrics_sample(writer, 0.25, local, 1);
	hk_metrics_sample(writer, 31.5, remote, 1);
	hk_metrics_begin(writer, &waiting);
	hk_metrics_sample_uint64(writer, 3, NULL, 0);
	r = hk_metrics_finish(writer, &text, &length);
	if (r == 0)
		fwrite(text, 1, length, stdout);
	else
		fprintf(stderr, "%s: %s\n", hk_metrics_problem(writer), hk_error_text(r));
	hk_metrics_writer_free(writer);
	return r < 0;
}
