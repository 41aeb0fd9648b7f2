/*
 * Which format the other side prefers.  The header lists media types with weights
 * from 0 to 1.  OpenMetrics is answered only if it is named in version 1 with a
 * weight at least that of the text format; everything else, what is not
 * understood too, is answered in the format that every scraper reads.
 */
#include "accept.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { WEIGHT_FULL = 1000 };

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* "0.75" is 750, "1" is 1000; what is no weight counts as none. */
static int read_weight(const char *at)
{
	int weight = 0, unit = WEIGHT_FULL;

	if (*at != '0' && *at != '1')
		return 0;
	weight = (*at++ - '0') * WEIGHT_FULL;
	if (*at == '.')
		at++;
	for (; *at >= '0' && *at <= '9' && unit > 1; at++) {
		unit /= 10;
		weight += (*at - '0') * unit;
	}
	return weight > WEIGHT_FULL ? WEIGHT_FULL : weight;
}

typedef struct media_range {
	const char *type;
	size_t length;
	int weight;
	bool version_other; /* a version was asked for, and it is not 1.x */
} media_range;

/* One element of the list; returns what is behind it. */
static const char *read_media(media_range *out, const char *at)
{
	size_t end = strcspn(at, ",");
	const char *stop = at + end;

	at = skip_blanks(at);
	*out = (media_range){ .type = at, .weight = WEIGHT_FULL };
	out->length = strcspn(at, ";, \t");
	for (at += out->length; at < stop; at++) {
		if (*at != ';')
			continue;
		at = skip_blanks(at + 1);
		if (strncasecmp(at, "q=", 2) == 0)
			out->weight = read_weight(at + 2);
		else if (strncasecmp(at, "version=", 8) == 0)
			out->version_other = strncmp(at + 8, "1.", 2) != 0;
		at--;
	}
	return *stop == ',' ? stop + 1 : stop;
}

static bool is_type(const media_range *media, const char *type)
{
	return media->length == strlen(type) &&
	       strncasecmp(media->type, type, media->length) == 0;
}

hk_metrics_format accept_format(const char *header)
{
	int open = 0, text = 0;

	while (header != NULL && *header != '\0') {
		media_range media;

		header = read_media(&media, header);
		if (is_type(&media, "application/openmetrics-text") &&
		    !media.version_other && media.weight > open)
			open = media.weight;
		if (is_type(&media, "text/plain") && media.weight > text)
			text = media.weight;
	}
	return open > 0 && open >= text ? HK_METRICS_OPENMETRICS : HK_METRICS_PROMETHEUS;
}
