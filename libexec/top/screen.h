#ifndef HOSTKIT_LIBEXEC_TOP_SCREEN_H
#define HOSTKIT_LIBEXEC_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a piece of text is; how that looks depends on what the terminal can do. */
typedef enum top_style {
	TOP_STYLE_PLAIN,
	TOP_STYLE_DIM,     /* units, brackets, what is less important */
	TOP_STYLE_LABEL,   /* names of meters */
	TOP_STYLE_HEADING, /* of the table */
	TOP_STYLE_SORTED,  /* the heading that rows are ordered by */
	TOP_STYLE_SELECTED,
	TOP_STYLE_TAGGED,
	TOP_STYLE_EXITED,
	TOP_STYLE_KEY, /* in the status line */
	TOP_STYLE_LOW, /* bars and figures: there is room */
	TOP_STYLE_MEDIUM,
	TOP_STYLE_HIGH,  /* it is getting tight */
	TOP_STYLE_ALERT, /* errors, and that the past is shown */
	TOP_STYLE_COUNT
} top_style;

typedef struct top_screen_opts {
	bool mono;  /* no colours, whatever the terminal can do */
	bool ascii; /* no characters beyond ASCII */
} top_screen_opts;

/* Take the terminal over.  Returns 0 or -ENOTTY when it cannot be used. */
int top_screen_open(const top_screen_opts *opts);
/* Give it back as it was. */
void top_screen_close(void);

bool top_screen_is_ascii(void);
void top_screen_size(int *out_height, int *out_width);
/* The terminal has another size now. */
void top_screen_resize(void);
/* Begin with an empty screen; what was put since is shown with _end. */
void top_screen_begin(void);
void top_screen_end(void);

/*
 * Put @text, whatever bytes it has, at most @width columns of it; returns the columns it
 * took.  Places outside of the screen are left alone.
 */
int top_put(int y, int x, int width, top_style style, const char *text);
int top_put_format(int y, int x, int width, top_style style, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same, ending at the right edge of @width columns. */
void top_put_right(int y, int x, int width, top_style style, const char *text);
void top_put_character(int y, int x, top_style style, uint32_t character);
void top_fill(int y, int x, int width, top_style style);

/* ---- keys ---- */

/* A character, or one of these. */
enum {
	TOP_KEY_NONE = 0,
	TOP_KEY_UP = 0x110000, /* beyond Unicode */
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_BACKSPACE,
	TOP_KEY_DELETE,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_TAB,
	TOP_KEY_RESIZE,
	TOP_KEY_CLICK,
	TOP_KEY_DOUBLE_CLICK,
	TOP_KEY_WHEEL_UP,
	TOP_KEY_WHEEL_DOWN,
	TOP_KEY_F1 = 0x110100 /* F2 is the next, and so on */
};

typedef struct top_key {
	uint32_t code;
	int y; /* of a click */
	int x;
} top_key;

/* The next key that was pressed; TOP_KEY_NONE when there is none yet. */
top_key top_screen_key(void);

#endif /* HOSTKIT_LIBEXEC_TOP_SCREEN_H */
