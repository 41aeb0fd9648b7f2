#ifndef HOSTKIT_LIBEXEC_TOP_LAYOUT_H
#define HOSTKIT_LIBEXEC_TOP_LAYOUT_H

#include <stdbool.h>

/* The boxes, switched by the keys 1 to 5. */
enum {
	TOP_BOX_CPU = 1 << 0,
	TOP_BOX_MEMORY = 1 << 1,
	TOP_BOX_TRAFFIC = 1 << 2,
	TOP_BOX_PROCESSES = 1 << 3,
	TOP_BOX_PRESSURE = 1 << 4,
	TOP_BOX_ALL = (1 << 5) - 1
};

/* A bar narrower than " 12[||||| 99%]" says nothing. */
enum { TOP_BAR_WIDTH_MIN = 14 };

typedef struct top_area {
	int y;
	int x;
	int height; /* 0: not shown */
	int width;
} top_area;

typedef struct top_layout {
	int height;
	int width;
	top_area title;
	top_area cpu_bars;  /* one for each processor, in columns */
	top_area meters;    /* memory, swap */
	top_area pressure;  /* lines */
	top_area traffic;   /* lines */
	top_area graph;     /* of all processors */
	top_area detail;    /* of one process */
	top_area processes; /* headings and rows */
	top_area status;
} top_layout;

typedef struct top_layout_wish {
	unsigned int boxes;
	unsigned int processors;
	bool detail;
} top_layout_wish;

/*
 * Divide a terminal of @height x @width.  What does not fit is not shown; the
 * processes keep at least a third of the lines, and the status line comes first of all.
 */
void top_layout_make(top_layout *out, int height, int width, const top_layout_wish *wish);

#endif /* HOSTKIT_LIBEXEC_TOP_LAYOUT_H */
