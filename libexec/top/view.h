#ifndef HOSTKIT_LIBEXEC_TOP_VIEW_H
#define HOSTKIT_LIBEXEC_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include "base/map.h"
#include "layout.h"
#include "model.h"
#include "rows.h"

/* What keys mean now. */
typedef enum top_mode {
	TOP_MODE_TABLE,
	TOP_MODE_SEARCH, /* a text is being typed */
	TOP_MODE_FILTER,
	TOP_MODE_SIGNAL, /* one is chosen from a list */
	TOP_MODE_SORT,
	TOP_MODE_USER,
	TOP_MODE_HELP
} top_mode;

enum { TOP_PROMPT_MAX = 256, TOP_MESSAGE_MAX = 256, TOP_USER_MAX = 64 };

/* How the machine is looked at: everything that keys change. */
typedef struct top_view {
	top_model *model; /* Borrowed */
	top_layout layout;
	top_rows rows;
	top_order order;
	hki_map folded;
	hki_map tagged;
	hk_system_filter *filter;
	char filter_text[TOP_PROMPT_MAX];
	char search_text[TOP_PROMPT_MAX];
	char user[TOP_USER_MAX];
	unsigned int boxes;
	bool detail;
	bool follow;       /* the selected process, wherever it goes */
	bool read_only;    /* no signals, no priorities */
	uint64_t selected; /* key; 0: none */
	long cursor;       /* line of the table */
	long scroll;       /* first line that is shown */
	int sideways;      /* columns of the command that are left out */
	top_mode mode;
	char prompt[TOP_PROMPT_MAX];
	long menu;                     /* line of the list that is chosen from */
	char message[TOP_MESSAGE_MAX]; /* shown until the next key */
	bool message_is_error;
	uint64_t interval_ns;
	bool quit;
	bool interval_changed;
} top_view;

void top_view_init(top_view *view, top_model *model);
void top_view_deinit(top_view *view);

/* The rows of the moment the model shows, in the order of the view; the cursor stays on
 * its line, or with `follow` on its process. */
void top_view_refresh(top_view *view);

/* The process under the cursor, or NULL. */
const top_row *top_view_row(const top_view *view);

/* Move the cursor, and scroll so that it is seen. */
void top_view_move(top_view *view, long lines);
void top_view_go(top_view *view, long line);

/* Show only what @text says: an expression, or a word to be found in the command; "" shows
 * all.  Returns false, with a message, if it makes no sense; the old filter then stays. */
bool top_view_filter(top_view *view, const char *text);

void top_view_sort(top_view *view, unsigned int field);

/* Say something in the status line. */
void top_view_say(top_view *view, bool error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tag or untag a process. */
void top_view_tag(top_view *view, uint64_t key);
bool top_view_is_tagged(const top_view *view, uint64_t key);

#endif /* HOSTKIT_LIBEXEC_TOP_VIEW_H */
